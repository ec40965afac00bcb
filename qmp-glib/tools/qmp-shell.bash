# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Completion of the options of qmp-shell and qmp-shell-wrap.

_qmp_shell() {
  local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
  local options='-H --hmp -N --skip-negotiation -G --guest-agent -v --verbose -p --pretty -l --logfile --reconnect
    --version -h --help'

  COMPREPLY=()
  case $previous in
    -l | --logfile)
      mapfile -t COMPREPLY < <(compgen -f -- "$word")
      return
      ;;
  esac
  case $word in
    -*) mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word") ;;
    *) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
  esac
}

_qmp_shell_wrap() {
  local i word=${COMP_WORDS[COMP_CWORD]}
  local options='-H --hmp -v --verbose -p --pretty -l --logfile --version -h --help --'

  COMPREPLY=()
  # Behind the command the words are the command's.
  for ((i = 1; i < COMP_CWORD; i++)); do
    case ${COMP_WORDS[i]} in
      -l | --logfile) ((i++)) ;;
      --) ((i++)); break ;;
      -*) ;;
      *) break ;;
    esac
  done
  if ((i < COMP_CWORD)) || [[ ${COMP_WORDS[COMP_CWORD - 1]} == @(-l|--logfile) ]]; then
    mapfile -t COMPREPLY < <(compgen -f -- "$word")
  elif [[ $word == -* && ${COMP_WORDS[COMP_CWORD - 1]} != -- ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
  else
    mapfile -t COMPREPLY < <(compgen -c -- "$word")
  fi
}

complete -o filenames -F _qmp_shell qmp-shell
complete -o filenames -F _qmp_shell_wrap qmp-shell-wrap
