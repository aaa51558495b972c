/**
 * Completion scripts for four shells. They hold every command and flag, so that pressing Tab starts a process only for what
 * changes: kubectl for its contexts, and the program itself for the members on the cluster.
 */
import { powershellScript } from './completion-powershell.ts';

/** What follows a flag: nothing, a file, a plan's file, a context, one of these words, or something that nobody can guess. */
export type FlagValue = 'none' | 'file' | 'plan' | 'context' | 'any' | readonly string[];

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
  /** What the cluster knows that its first argument can be. */
  readonly argument: 'member' | undefined;
  /** Whether it is the one that runs when none is named. */
  readonly isDefault: boolean;
}

type Script = (program: string, commands: readonly CompletedCommand[]) => string;

export const completionScripts: Readonly<Record<string, Script>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
  powershell: powershellScript,
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
  const takesMember = commands.filter(({ argument }) => argument === 'member').map((command) => command.name);
  const standard = commands.find(({ isDefault }) => isDefault)?.name ?? '';
  return `# ${program}: completion for bash. Load it with: source <(${program} completion bash)
# Of the lines that a command prints, those that begin so; none of them is read as a word of the shell's own.
${name}_offer() {
  local line
  while IFS= read -r line; do
    [[ $line == "$current"* ]] && COMPREPLY+=("$(printf %q "$line")")
  done
}
${name}_members() {
  local index cluster=()
  for (( index = 2; index < COMP_CWORD - 1; index++ )); do
    case "\${COMP_WORDS[index]}" in
      --kubeconfig | --context | --file | -f) cluster+=("\${COMP_WORDS[index]}" "\${COMP_WORDS[index+1]}") ;;
    esac
  done
  ${program} status -o name \${cluster[@]+"\${cluster[@]}"} 2>/dev/null | sed 's|^serviceaccount/||'
}
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
  case "$command" in
    ${takesMember.join(' | ')}) [[ $COMP_CWORD -eq 2 && $current != -* ]] && ${name}_offer < <(${name}_members) ;;
  esac
}
complete -F ${name} ${program}
`;
}

function bashReply(value: Exclude<FlagValue, 'none'>): string {
  if (value === 'any') return ':';
  if (value === 'context') return '_credentials_updater_offer < <(kubectl config get-contexts -o name 2>/dev/null)';
  if (value === 'plan') {
    const names = '$(compgen -f -X \'!*.json\' -- "$current") $(compgen -d -- "$current")';
    return `local IFS=$'\\n'; type compopt >/dev/null 2>&1 && compopt -o filenames; COMPREPLY=(${names})`;
  }
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
  const cases = commands.map(({ name: command, flags, words, argument }) => {
    const specs = flags.map((flag) => zshFlag(flag, name));
    const ofCluster = argument === 'member' ? [quoted(`1: :${name}_members`)] : [];
    const firstWord = words.length === 0 ? ofCluster : [quoted(`1: :(${words.join(' ')})`)];
    return `${command}) _arguments -s ${[...firstWord, ...specs].join(' ')} ;;`;
  });
  const standard = commands.find(({ isDefault }) => isDefault)?.name ?? '';
  return `#compdef ${program}
# ${program}: completion for zsh. Load it after compinit with: source <(${program} completion zsh)
${name}_contexts() {
  local -a names=(\${(f)"$(kubectl config get-contexts -o name 2>/dev/null)"})
  compadd -a names
}
${name}_members() {
  local -a cluster=()
  local index
  for (( index = 1; index < CURRENT; index++ )); do
    case $words[index] in
      --kubeconfig|--context|--file|-f) cluster+=($words[index] $words[index+1]) ;;
    esac
  done
  local -a names=(\${\${(f)"$(${program} status -o name $cluster 2>/dev/null)"}#serviceaccount/})
  compadd -a names
}
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

const zshActions: Readonly<Record<Extract<FlagValue, string>, (functions: string) => string>> = {
  none: () => '',
  file: () => ':file:_files',
  plan: () => ':file:_files -g "*.json"',
  context: (functions) => `: :${functions}_contexts`,
  any: () => ': : ',
};

/** A flag as _arguments reads it: \`(-y --yes)'{-y,--yes}'[do not ask]'\`. */
function zshFlag({ names, description, value }: CompletedFlag, functions: string): string {
  const text = `[${description.replaceAll(/[[\]\\:]/g, (character) => `\\${character}`)}]`;
  const action = typeof value === 'string' ? zshActions[value](functions) : `: :(${value.join(' ')})`;
  const suffix = `${text}${action}`;
  const [first = '', ...others] = names;
  if (others.length === 0) return quoted(`${first}${suffix}`);
  return `${quoted(`(${names.join(' ')})`)}{${names.join(',')}}${quoted(suffix)}`;
}

function fishScript(program: string, commands: readonly CompletedCommand[]): string {
  const members = `_${functionName(program)}_members`;
  const lines = commands.flatMap(({ name, description, flags, words, argument, isDefault }) => {
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
      ...(argument === 'member' ? [`complete -c ${program} ${seen} -a '(${members})'`] : []),
      ...flags.map((flag) => `complete -c ${program} ${seen} ${fishFlag(flag)}`),
    ];
  });
  return `# ${program}: completion for fish. Put it into ~/.config/fish/completions/${program}.fish
function ${members}
  set -l cluster
  set -l words (commandline -opc)
  for index in (seq 2 (count $words))
    contains -- $words[$index] --kubeconfig --context --file -f
    and set -a cluster $words[$index] $words[(math $index + 1)]
  end
  ${program} status -o name $cluster 2>/dev/null | string replace serviceaccount/ ''
end
complete -c ${program} -f
${lines.join('\n')}
`;
}

const fishArguments: Readonly<Record<Extract<FlagValue, string>, readonly string[]>> = {
  none: [],
  file: ['-r -F'],
  plan: [`-x -a '(__fish_complete_suffix .json)'`],
  context: [`-x -a '(kubectl config get-contexts -o name 2>/dev/null)'`],
  any: ['-x'],
};

function fishFlag({ names, description, value }: CompletedFlag): string {
  const flags = names.map((name) => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`));
  const argument = typeof value === 'string' ? fishArguments[value] : [`-x -a '${value.join(' ')}'`];
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
