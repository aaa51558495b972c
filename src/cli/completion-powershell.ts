/** The completion script for PowerShell, of Windows and of PowerShell 7. */
import type { CompletedCommand, CompletedFlag } from './completion-scripts.ts';

export function powershellScript(program: string, commands: readonly CompletedCommand[]): string {
  const standard = commands.find(({ isDefault }) => isDefault)?.name ?? '';
  return `# ${program}: completion for PowerShell. Load it with:
#   ${program} completion powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName ${quoted(program)} -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $commands = [ordered]@{
${commands.map((command) => `    ${commandEntry(command)}`).join('\n')}
  }
  $before = @($commandAst.CommandElements | Where-Object { $_.Extent.EndOffset -lt $cursorPosition } |
    Select-Object -Skip 1 | ForEach-Object { $_.ToString() })
  $offer = { param($values, $help)
    foreach ($value in $values) {
      if (-not "$value".StartsWith($wordToComplete, [StringComparison]::OrdinalIgnoreCase)) { continue }
      $text = if ($value -match '^[\\w./:@-]+$') { $value } else { "'" + $value.Replace("'", "''") + "'" }
      [System.Management.Automation.CompletionResult]::new($text, $value, 'ParameterValue', $(if ($help) { $help } else { $value }))
    }
  }
  if ($before.Count -eq 0 -and -not $wordToComplete.StartsWith('-')) {
    foreach ($name in $commands.Keys) { & $offer $name $commands[$name].Help }
    return
  }
  $name = if ($before.Count -gt 0 -and $commands.Contains($before[0])) { $before[0] } else { ${quoted(standard)} }
  $command = $commands[$name]
  $cluster = @()
  for ($index = 0; $index -lt $before.Count - 1; $index++) {
    if ('--kubeconfig', '--context', '--file', '-f' -contains $before[$index]) { $cluster += $before[$index], $before[$index + 1] }
  }
  $flag = if ($before.Count -gt 0) { $command.Flags | Where-Object { $_.Value -ne 'none' -and $_.Names -contains $before[-1] } }
  if ($flag) {
    switch ($flag.Value) {
      'words' { & $offer $flag.Words }
      'context' { & $offer @(kubectl config get-contexts -o name 2>$null) }
      'plan' { & $offer @(Get-ChildItem -Name -Filter *.json) }
    }
    return
  }
  if ($wordToComplete.StartsWith('-')) {
    foreach ($each in $command.Flags) { foreach ($word in $each.Names) { & $offer $word $each.Help } }
    return
  }
  if ($before.Count -gt 1) { return }
  if ($command.Argument -eq 'member') {
    & $offer @(${program} status -o name @cluster 2>$null | ForEach-Object { $_ -replace '^serviceaccount/', '' })
  }
  & $offer $command.Words
}
`;
}

function commandEntry({ name, description, words, argument, flags }: CompletedCommand): string {
  const parts = [
    `Help = ${quoted(description)}`,
    `Words = ${list(words)}`,
    `Argument = ${quoted(argument ?? '')}`,
    `Flags = @(${flags.map(flagEntry).join(', ')})`,
  ];
  return `${quoted(name)} = @{ ${parts.join('; ')} }`;
}

function flagEntry({ names, description, value }: CompletedFlag): string {
  const isWords = typeof value !== 'string';
  const parts = [
    `Names = ${list(names)}`,
    `Help = ${quoted(description)}`,
    `Value = ${quoted(isWords ? 'words' : value)}`,
    `Words = ${list(isWords ? value : [])}`,
  ];
  return `@{ ${parts.join('; ')} }`;
}

function list(words: readonly string[]): string {
  return `@(${words.map(quoted).join(', ')})`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
