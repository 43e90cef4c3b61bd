/**
 * Puts `content` between `<!-- bench:NAME -->` and `<!-- /bench:NAME -->`, in place of what stands there.
 * @throws when a text has no such place
 */
export function replaceMarked(text: string, name: string, content: string): string {
  const [open, close] = [`<!-- bench:${name} -->`, `<!-- /bench:${name} -->`];
  const [from, to] = [text.indexOf(open), text.indexOf(close)];
  if (from < 0 || to < from)
    throw new Error(`there is no ${open} followed by ${close}; add both where the figures belong`);
  return `${text.slice(0, from + open.length)}\n\n${content.trim()}\n\n${text.slice(to)}`;
}
