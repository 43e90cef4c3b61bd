export function run(name: "main" | "cli"): Promise<void>;
export function isCurrent(root?: string, built?: string): boolean;
export function hashOf(content: Uint8Array): string;
