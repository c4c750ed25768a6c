"""What a shell loads to complete words of ``onduty``. Each asks ``onduty _complete SHELL WORD…``, the last word begun.

An answer is one candidate a line; a first line ``:files`` asks for the shell's own file names too. Only the ``onduty``
of PATH is executed: a program of that name in the current folder must not run because somebody pressed tab.
"""

from __future__ import annotations

BASH = r"""# onduty completion for bash: onduty completion bash > ~/.local/share/bash-completion/completions/onduty
_onduty() {
  local line=${COMP_LINE:0:COMP_POINT} cur trim answer
  local -a words
  COMPREPLY=()
  # bash breaks words at @, : and =, which names of runs and jobs hold.
  read -ra words <<<"$line"
  [[ $line == *[[:space:]] ]] && words+=("")
  cur=${words[${#words[@]}-1]}
  trim=${cur%"${cur##*[$COMP_WORDBREAKS]}"}
  # Of these a @ alone belongs to the word behind it (readline's special prefixes).
  trim=${trim%@}
  while IFS= read -r answer; do
    if [[ $answer == :files ]]; then
      compopt -o filenames 2>/dev/null
      while IFS= read -r answer; do COMPREPLY+=("$answer"); done < <(compgen -f -- "${cur#"$trim"}")
    else
      [[ $answer == *[=@] ]] && compopt -o nospace 2>/dev/null
      COMPREPLY+=("${answer#"$trim"}")
    fi
  done < <(command onduty _complete bash "${words[@]:1}" 2>/dev/null)
}
complete -o nosort -F _onduty onduty 2>/dev/null || complete -F _onduty onduty
"""

ZSH = r"""#compdef onduty
# onduty completion for zsh: onduty completion zsh > "${fpath[1]}/_onduty"
_onduty() {
  local -a answers open
  answers=("${(@f)$(command onduty _complete zsh "${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ ${answers[1]} == :files ]]; then
    shift answers
    _files
  fi
  answers=("${(@)answers:#}")
  open=("${(@M)answers:#*[=@]}")
  answers=("${(@)answers:#*[=@]}")
  (( ${#open} )) && compadd -S '' -V names -a open
  (( ${#answers} )) && compadd -V names -a answers
  return 0
}
if [[ ${funcstack[1]} == _onduty ]]; then
  _onduty "$@"
else
  compdef _onduty onduty
fi
"""

FISH = r"""# onduty completion for fish: onduty completion fish > ~/.config/fish/completions/onduty.fish
function __onduty_complete
    set -l words (commandline -opc)
    set -e words[1]
    set -l begun (commandline -ct)
    set -l answers (command onduty _complete fish $words "$begun" 2>/dev/null)
    if test (count $answers) -gt 0; and test "$answers[1]" = ":files"
        set -e answers[1]
        __fish_complete_path "$begun"
    end
    if test (count $answers) -gt 0
        printf '%s\n' $answers
    end
end
complete -c onduty -f -k -a '(__onduty_complete)'
"""

SCRIPTS = {"bash": BASH, "zsh": ZSH, "fish": FISH}
"""By shell."""
