/** The commands that the page shows, from the cluster's description and the member's token. */

/**
 * Commands that any shell takes as they are, PowerShell too: the CA goes in as one word, not as a file. Nothing in them
 * is expanded by a shell: the server checks name and address, and the rest is base64.
 * @param {{ name: string, server: string, certificateAuthority: string }} cluster
 * @param {string} token
 * @returns {string[]}
 */
export function plainCommands({ name, server, certificateAuthority }, token) {
  return [
    `kubectl config set-cluster ${name} --server="${server}"`,
    `kubectl config set clusters.${name}.certificate-authority-data ${btoa(certificateAuthority)}`,
    `kubectl config set-credentials ${name} --token=${token}`,
    `kubectl config set-context ${name} --cluster=${name} --user=${name}`,
    `kubectl config use-context ${name}`,
  ];
}

/**
 * @param {string} site The origin of this site.
 * @returns {string[]}
 */
export function pluginCommands(site) {
  return [`credentials-updater login --cluster ${site}`, 'kubectl get namespaces'];
}

/**
 * When a token expires, in milliseconds since the epoch; undefined when it is no JWT that says so.
 * @param {string} token
 * @returns {number | undefined}
 */
export function expiryOf(token) {
  try {
    const payload = token.split('.')[1].replaceAll('-', '+').replaceAll('_', '/');
    const { exp } = JSON.parse(atob(payload));
    return typeof exp === 'number' ? exp * 1_000 : undefined;
  } catch {
    return undefined;
  }
}

const releases = 'https://github.com/PoolC/pks-credentials-updater/releases/latest/download';
const unpack = 'sudo tar -xz -C /usr/local/bin credentials-updater';

/**
 * One line for each system that installs the members' program: the same as in docs/members.md.
 * @returns {{ system: string, command: string }[]}
 */
export function installCommands() {
  const windows = `${releases}/credentials-updater-Windows-x86_64.tar.gz`;
  return [
    {
      system: 'Linux',
      command: `curl -fL ${releases}/credentials-updater-Linux-$(uname -m).tar.gz | ${unpack}`,
    },
    {
      system: 'macOS',
      command: `sudo mkdir -p /usr/local/bin && curl -fL ${releases}/credentials-updater-Darwin-$(uname -m).tar.gz | ${unpack}`,
    },
    {
      system: 'Windows (PowerShell)',
      command: String.raw`curl.exe -fLo "$env:TEMP\cu.tar.gz" ${windows}; tar -xzf "$env:TEMP\cu.tar.gz" -C "$env:LOCALAPPDATA\Microsoft\WindowsApps" credentials-updater.exe`,
    },
  ];
}
