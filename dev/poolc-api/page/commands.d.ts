export function plainCommands(
  cluster: { name: string; server: string; certificateAuthority: string },
  token: string,
): string[];
export function pluginCommands(site: string): string[];
export function expiryOf(token: string): number | undefined;
export function installCommands(): { system: string; command: string }[];
