/** Command line flags without their dashes; a list repeats the flag. */
export type Flags = Readonly<Record<string, string | readonly string[]>>;

/** `--name=value` for each flag. Later ones replace earlier ones of the same name. */
export function renderFlags(...layers: readonly Flags[]): string[] {
  const merged: Flags = Object.assign({}, ...layers);
  return Object.entries(merged).flatMap(([name, value]) => [value].flat().map((one) => `--${name}=${one}`));
}
