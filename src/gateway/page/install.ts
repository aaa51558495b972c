/** How the program is installed on each operating system, as docs/members.md says; a test compares the two. */
const release = 'https://github.com/PoolC/pks-credentials-updater/releases/latest/download/credentials-updater';

export const installCommands = {
  Linux: `curl -fL ${release}-Linux-$(uname -m).tar.gz | sudo tar -xz -C /usr/local/bin credentials-updater`,
  macOS: `sudo mkdir -p /usr/local/bin && curl -fL ${release}-Darwin-$(uname -m).tar.gz | sudo tar -xz -C /usr/local/bin credentials-updater`,
  'Windows (PowerShell)': `curl.exe -fLo "$env:TEMP\\cu.tar.gz" ${release}-Windows-x86_64.tar.gz; tar -xzf "$env:TEMP\\cu.tar.gz" -C "$env:LOCALAPPDATA\\Microsoft\\WindowsApps" credentials-updater.exe`,
} as const;
export type System = keyof typeof installCommands;

/** The one that the browser runs on; undefined on a phone, which is not what is connected. */
export function systemOf(userAgent: string | undefined): System | undefined {
  const text = userAgent ?? '';
  if (/Android|iPhone|iPad/.test(text)) return undefined;
  if (text.includes('Windows')) return 'Windows (PowerShell)';
  if (text.includes('Macintosh')) return 'macOS';
  return text.includes('Linux') ? 'Linux' : undefined;
}
