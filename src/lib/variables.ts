/** Variables of the environment, as values that are handed on. What each one means is known to config/ and member/. */

export type Variables = Readonly<Record<string, string | undefined>>;

/** The variables of these names that are set and not empty. */
export function pickVariables<Name extends string>(
  variables: Variables,
  names: readonly Name[],
): Readonly<Partial<Record<Name, string>>> {
  const picked: Partial<Record<Name, string>> = {};
  for (const name of names) {
    const value = variables[name];
    if (value !== undefined && value !== '') picked[name] = value;
  }
  return picked;
}

/** What a variable holds; undefined where it is unset or empty. */
export function variableOf(variables: Variables, name: string): string | undefined {
  return variables[name]?.trim() || undefined;
}
