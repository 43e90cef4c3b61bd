/** The SDK takes `Promise.withResolvers` for granted, which Node has from 22 on. */
Promise.withResolvers ??= function withResolvers() {
  let resolve;
  let reject;
  const promise = new this((...settle) => ([resolve, reject] = settle));
  return { promise, resolve, reject };
};
