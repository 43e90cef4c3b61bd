/** An address as a log may have it: `s…@example.com` says enough to who knows the few that it may be. */
export const maskedAddress = (address: string): string => address.replace(/^(.?).*(@[^@]*)$/s, "$1…$2");
