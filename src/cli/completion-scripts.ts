/** Completion scripts for three shells. They hold every command and flag, so that pressing Tab starts no process. */

/** What follows a flag: nothing, a file name, one of these words, or something that nobody can guess. */
export type FlagValue = 'none' | 'file' | 'any' | readonly string[];

export interface CompletedFlag {
  readonly names: readonly string[];
  readonly description: string;
  readonly value: FlagValue;
}

export interface CompletedCommand {
  readonly name: string;
  readonly description: string;
  readonly flags: readonly CompletedFlag[];
  /** What its first argument can be; empty where nobody can guess. */
  readonly words: readonly string[];
  /** Whether it is the one that runs when none is named. */
  readonly isDefault: boolean;
}

type Script = (program: string, commands: readonly CompletedCommand[]) => string;

export const completionScripts: Readonly<Record<string, Script>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

/** For bash 3.2 (macOS) and later, with or without the bash-completion package. */
function bashScript(program: string, commands: readonly CompletedCommand[]): string {
  const name = functionName(program);
  const withValue = commands.flatMap(({ name: command, flags }) =>
    flags.flatMap(({ names, value }) =>
      value === 'none' ? [] : names.map((flag) => ({ pattern: `${command}:${flag}`, reply: bashReply(value) })),
    ),
  );
  const values = [...Map.groupBy(withValue, ({ reply }) => reply)].map(
    ([reply, flags]) => `${flags.map(({ pattern }) => pattern).join(' | ')})\n      ${reply}\n      return ;;`,
  );
  const words = commands.map(
    (command) =>
      `${command.name}) words="${[...command.words, ...command.flags.flatMap((flag) => flag.names)].join(' ')}" ;;`,
  );
  const standard = commands.find(({ isDefault }) => isDefault)?.name ?? '';
  return `# ${program}: completion for bash. Load it with: source <(${program} completion bash)
${name}() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" command="\${COMP_WORDS[1]}" words=""
  # bash takes --flag=value apart at the equals sign.
  if [[ $current == "=" ]]; then
    current=""
  elif [[ $previous == "=" ]]; then
    previous="\${COMP_WORDS[COMP_CWORD-2]}"
  fi
  COMPREPLY=()
  if [[ $COMP_CWORD -eq 1 && $current != -* ]]; then
    COMPREPLY=($(compgen -W "${commands.map((command) => command.name).join(' ')}" -- "$current"))
    return
  fi
  [[ $command == -* ]] && command=${standard}
  case "$command:$previous" in
${indent(values, 4)}
  esac
  case "$command" in
${indent(words, 4)}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -F ${name} ${program}
`;
}

function bashReply(value: Exclude<FlagValue, 'none'>): string {
  if (value === 'any') return ':';
  const words = value === 'file' ? '-f' : `-W "${value.join(' ')}"`;
  // Without it bash 3.2 still completes names, but puts no slash behind a folder.
  const asFiles = value === 'file' ? "local IFS=$'\\n'; type compopt >/dev/null 2>&1 && compopt -o filenames; " : '';
  return `${asFiles}COMPREPLY=($(compgen ${words} -- "$current"))`;
}

function zshScript(program: string, commands: readonly CompletedCommand[]): string {
  const name = functionName(program);
  const list = commands.map(({ name: command, description }) =>
    quoted(`${command}:${description.replaceAll(':', '\\:')}`),
  );
  const cases = commands.map(({ name: command, flags, words }) => {
    const specs = flags.map(zshFlag);
    const argument = words.length === 0 ? [] : [quoted(`1: :(${words.join(' ')})`)];
    return `${command}) _arguments -s ${[...argument, ...specs].join(' ')} ;;`;
  });
  const standard = commands.find(({ isDefault }) => isDefault)?.name ?? '';
  return `#compdef ${program}
# ${program}: completion for zsh. Load it after compinit with: source <(${program} completion zsh)
${name}() {
  if (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then
    local -a commands=(
${indent(list, 6)}
    )
    _describe command commands
    return
  fi
  local command=$words[2]
  if [[ $command == -* ]]; then
    command=${standard}
  else
    shift words
    (( CURRENT-- ))
  fi
  case $command in
${indent(cases, 4)}
  esac
}
if [[ $funcstack[1] == ${name} ]]; then
  ${name} "$@"
else
  compdef ${name} ${program}
fi
`;
}

/** A flag as _arguments reads it: \`(-y --yes)'{-y,--yes}'[do not ask]'\`. */
function zshFlag({ names, description, value }: CompletedFlag): string {
  const text = `[${description.replaceAll(/[[\]\\:]/g, (character) => `\\${character}`)}]`;
  const action =
    value === 'none' ? '' : value === 'file' ? ':file:_files' : value === 'any' ? ': : ' : `: :(${value.join(' ')})`;
  const suffix = `${text}${action}`;
  const [first = '', ...others] = names;
  if (others.length === 0) return quoted(`${first}${suffix}`);
  return `${quoted(`(${names.join(' ')})`)}{${names.join(',')}}${quoted(suffix)}`;
}

function fishScript(program: string, commands: readonly CompletedCommand[]): string {
  const lines = commands.flatMap(({ name, description, flags, words, isDefault }) => {
    const seen = `-n '${isDefault ? 'not __fish_seen_subcommand_from' : '__fish_seen_subcommand_from'} ${
      isDefault
        ? commands
            .filter((command) => !command.isDefault)
            .map((command) => command.name)
            .join(' ')
        : name
    }'`;
    return [
      `complete -c ${program} -n __fish_use_subcommand -a ${name} -d ${fishQuoted(description)}`,
      ...(words.length === 0 ? [] : [`complete -c ${program} ${seen} -a '${words.join(' ')}'`]),
      ...flags.map((flag) => `complete -c ${program} ${seen} ${fishFlag(flag)}`),
    ];
  });
  return `# ${program}: completion for fish. Put it into ~/.config/fish/completions/${program}.fish
complete -c ${program} -f
${lines.join('\n')}
`;
}

function fishFlag({ names, description, value }: CompletedFlag): string {
  const flags = names.map((name) => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`));
  const argument =
    value === 'none' ? [] : value === 'file' ? ['-r -F'] : value === 'any' ? ['-x'] : [`-x -a '${value.join(' ')}'`];
  return [...flags, ...argument, `-d ${fishQuoted(description)}`].join(' ');
}

/** A shell function's name: letters, digits and underscores. */
function functionName(program: string): string {
  return `_${program.replaceAll('-', '_')}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** In fish, a backslash escapes inside single quotes too. */
function fishQuoted(text: string): string {
  return `'${text.replaceAll(/['\\]/g, (character) => `\\${character}`)}'`;
}

function indent(lines: readonly string[], spaces: number): string {
  return lines.map((line) => ' '.repeat(spaces) + line).join('\n');
}
