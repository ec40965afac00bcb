# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Completion of qmp, qmp-shell and qmp-shell-wrap. What there is to offer is told by "qmp complete", which asks the
# server. Here nothing is expanded, and each word is quoted before it goes into the line.

# Sets words to those of COMP_WORDS up to the one being typed, with what Readline splits at = and : in one piece, and
# starts to where each begins in COMP_WORDS. A word that is a variable alone gets its value.
_qmp_get_words() {
  local i rest=$COMP_LINE variable='^"?\$\{?([A-Za-z_][A-Za-z0-9_]*)\}?"?$'

  words=() starts=()
  for ((i = 0; i <= COMP_CWORD; i++)); do
    if ((i > 0)) && [[ $rest != [[:blank:]]* ]]; then
      words[-1]+=${COMP_WORDS[i]}
    else
      words+=("${COMP_WORDS[i]}")
      starts+=("$i")
    fi
    rest=${rest#*"${COMP_WORDS[i]}"}
  done
  for ((i = 1; i < ${#words[@]} - 1; i++)); do
    if [[ ${words[i]} =~ $variable ]]; then
      printf -v 'words[i]' %q "${!BASH_REMATCH[1]-}"
    fi
  done
}

# _qmp_add_files PREFIX [TEST]: files whose names may follow the prefix; of all, or of those that pass the test
_qmp_add_files() {
  local file found

  mapfile -t found < <(compgen -f -- "${typed#"$1"}")
  for file in "${found[@]}"; do
    if [[ $# == 1 || -S ${file/#\~\//$HOME/} || -d ${file/#\~\//$HOME/} ]]; then
      compopt -o filenames
      file=$1$file
      COMPREPLY+=("${file#"$head"}")
    fi
  done
}

# _qmp_add_word WORD
_qmp_add_word() {
  local word=${1%%$'\t'*}

  word=${word#"$head"}
  [[ -n $word ]] || return
  [[ -n $quoted ]] || printf -v word %q "$word"
  COMPREPLY+=("$word")
}

# _qmp_add_command_line NUMBER: bash-completion knows the words of many commands
_qmp_add_command_line() {
  if declare -F _command_offset >/dev/null; then
    _command_offset "${starts[$1]}"
  else
    _qmp_add_files ''
  fi
}

_qmp() {
  local words starts line lines head='' typed='' quoted='' open=''

  COMPREPLY=()
  _qmp_get_words
  mapfile -t lines < <(LC_ALL=C.UTF-8 command qmp complete "$COMP_WORDBREAKS" "${words[@]}" 2>/dev/null </dev/null)
  for line in "${lines[@]}"; do
    case $line in
      h*) head=${line#* } ;;
      t*) typed=${line#t} ;;
      q*) quoted=1 ;;
      w*) _qmp_add_word "${line#w}" ;;
      o*) _qmp_add_word "${line#o}"; open=1 ;;
      f*) _qmp_add_files "${line#f}" ;;
      s*) _qmp_add_files "${line#s}" sockets ;;
      p*) mapfile -t COMPREPLY < <(compgen -c -- "$typed") ;;
      c*) _qmp_add_command_line "${line#c}" ;;
    esac
  done
  [[ -z $open || ${#COMPREPLY[@]} != 1 ]] || compopt -o nospace
}

complete -F _qmp qmp qmp-shell qmp-shell-wrap
