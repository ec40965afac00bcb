# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Completion of qmp: verbs, options, addresses, and what the server offers; of qmp-shell and qmp-shell-wrap: options,
# addresses, and the words of the command that is started.

# Sets words up to the one being typed, which is word: COMP_WORDS, with what Readline splits at = and : in one piece.
_qmp_get_words() {
  local i

  words=()
  for ((i = 0; i <= COMP_CWORD; i++)); do
    if ((i > 0)) && [[ ${COMP_WORDS[i]} == [=:]* || ${words[-1]} == *[=:] ]]; then
      words[-1]+=${COMP_WORDS[i]}
    else
      words+=("${COMP_WORDS[i]}")
    fi
  done
  word=${words[-1]}
}

# _qmp_reply COMPLETION...: Readline takes them without what stands in front of its last = or :
_qmp_reply() {
  local head='' breaks=${COMP_WORDBREAKS//[^=:]/}

  [[ -z $breaks ]] || head=${word%"${word##*["$breaks"]}"}
  COMPREPLY=("${@#"$head"}")
  [[ $# != 1 || $1 != *[=:] ]] || compopt -o nospace
}

# _qmp_reply_words WORD...
_qmp_reply_words() {
  local found

  mapfile -t found < <(compgen -W "$*" -- "$word")
  _qmp_reply "${found[@]}"
}

# _qmp_reply_files [PREFIX]: those that may follow it
_qmp_reply_files() {
  local found

  compopt -o filenames
  mapfile -t found < <(compgen -P "$1" -f -- "${word#"$1"}")
  _qmp_reply "${found[@]}"
}

# Sockets, directories, and what else an address may begin with.
_qmp_reply_addresses() {
  local file found=() prefix=''

  [[ $word != unix:* ]] || prefix=unix:
  while read -r file; do
    [[ ! -S $file && ! -d $file ]] || found+=("$prefix$file")
  done < <(compgen -f -- "${word#"$prefix"}")
  if ((${#found[@]} > 0)); then
    compopt -o filenames
    _qmp_reply "${found[@]}"
  elif [[ -n $word ]]; then
    _qmp_reply_words unix: tcp: vsock: fd:
  fi
}

# _qmp_options VERB
_qmp_options() {
  local common='-t --timeout -j --json -p --pretty --version -h --help'

  case $1 in
    call) printf '%s ' --fd --oob -G --guest-agent "$common" ;;
    wait) printf '%s ' -c --call --failure "$common" ;;
    introspect) printf '%s ' --has "$common" ;;
    hmp) printf '%s ' --cpu "$common" ;;
    screenshot) printf '%s ' --device --head "$common" ;;
    'qom types') printf '%s ' --abstract "$common" ;;
    'guest exec') printf '%s ' -i --stdin -e --env "$common" ;;
    'job wait') printf '%s ' --ready --dismiss "$common" ;;
    *) printf '%s ' "$common" ;;
  esac
}

# _qmp_ask VERB...: what it prints about the server whose address was typed, and the name behind that
_qmp_ask() {
  local to=${address//[\\\"\']/}

  LC_ALL=C qmp "$@" --timeout 1 -- "${to/#\~\//$HOME/}" ${name:+"$name"} 2>/dev/null
}

# The members of what was named, as introspect shows them: those of all variants, too.
_qmp_members() {
  _qmp_ask introspect |
    sed -n -e '/^returns:/q' -e 's/^  \([^ :]*\):.*/\1=/p' -e '/^with /,$s/^    \([^ :]*\):.*/\1=/p'
}

# What may stand at this place behind the address.
_qmp_offers() {
  case $verb:$place:$agent in
    call:1:1) _qmp_ask guest info | sed -n '/^enabled:/,/^disabled:/s/^  //p' ;;
    call:1:) _qmp_ask introspect | grep '^[a-z_]' ;;
    monitor:* | wait:1:) name='' _qmp_ask introspect | grep '^[A-Z]' ;;
    introspect:*) name='' _qmp_ask introspect ;;
    call:*: | wait:*) _qmp_members ;;
  esac
}

# Sets verb, agent, address, name (the word behind the address), and place: how many words that are no options stand
# between the verb and the one being typed.
_qmp_find_place() {
  local i=2

  verb=${words[1]}
  case $verb in
    qom | guest | job | migration) verb+=" ${words[2]}" i=3 ;;
  esac
  for (( ; i < ${#words[@]} - 1; i++)); do
    case ${words[i]} in
      -t | --timeout | --fd | -c | --call | --failure | --has | --cpu | --device | --head | -e | --env) ((i++)) ;;
      -G | --guest-agent) agent=1 ;;
      -?*) ;;
      *)
        [[ $place != 0 ]] || address=${words[i]}
        [[ $place != 1 ]] || name=${words[i]}
        ((place++))
        ;;
    esac
  done
}

# Behind the verb.
_qmp_reply_by_place() {
  local verb='' agent='' address='' name='' place=0 offers

  _qmp_find_place
  if [[ $word == -* ]]; then
    _qmp_reply_words "$(_qmp_options "$verb")"
  elif [[ $place == 0 ]]; then
    _qmp_reply_addresses
  elif [[ $verb == call && $word == *=* ]]; then
    _qmp_reply_files "${word%%=*}="
  else
    offers=$(_qmp_offers)
    if [[ -n $offers ]]; then
      _qmp_reply_words "$offers"
    else
      _qmp_reply_files
    fi
  fi
}

_qmp() {
  local words word

  COMPREPLY=()
  _qmp_get_words
  case $((${#words[@]} - 1)):${words[1]} in
    1:*) _qmp_reply_words call monitor wait introspect hmp screenshot qom guest job migration --help --version ;;
    2:qom) _qmp_reply_words list get set tree types ;;
    2:guest) _qmp_reply_words ping sync info network exec cat ;;
    2:job) _qmp_reply_words list wait ;;
    2:migration) _qmp_reply_words wait ;;
    *) _qmp_reply_by_place ;;
  esac
}

_qmp_shell() {
  local words word options='-H --hmp -N --skip-negotiation -G --guest-agent -v --verbose -p --pretty -l --logfile
    --reconnect --version -h --help'

  COMPREPLY=()
  _qmp_get_words
  if [[ ${words[-2]} == @(-l|--logfile) ]]; then
    _qmp_reply_files
  elif [[ $word == --logfile=* ]]; then
    _qmp_reply_files --logfile=
  elif [[ $word == -* ]]; then
    _qmp_reply_words "$options"
  else
    _qmp_reply_addresses
  fi
}

# The number of the word that is the command; 0 while there is none.
_qmp_find_command() {
  local i

  for ((i = 1; i < COMP_CWORD; i++)); do
    case ${COMP_WORDS[i]} in
      -l | --logfile) [[ ${COMP_WORDS[i + 1]} != = ]] || ((i++)); ((i++)) ;;
      --) echo $((i + 1)); return ;;
      -*) ;;
      *) echo "$i"; return ;;
    esac
  done
  echo 0
}

_qmp_shell_wrap() {
  local words word command options='-H --hmp -v --verbose -p --pretty -l --logfile --version -h --help --'

  COMPREPLY=()
  _qmp_get_words
  command=$(_qmp_find_command)
  if ((command > 0 && command < COMP_CWORD)); then
    # Behind the command the words are the command's; bash-completion knows those of many.
    if declare -F _command_offset >/dev/null; then
      _command_offset "$command"
    else
      _qmp_reply_files
    fi
  elif ((command == 0)) && [[ ${words[-2]} == @(-l|--logfile) ]]; then
    _qmp_reply_files
  elif ((command == 0)) && [[ $word == --logfile=* ]]; then
    _qmp_reply_files --logfile=
  elif ((command == 0)) && [[ $word == -* ]]; then
    _qmp_reply_words "$options"
  else
    mapfile -t COMPREPLY < <(compgen -c -- "$word")
  fi
}

complete -F _qmp qmp
complete -F _qmp_shell qmp-shell
complete -F _qmp_shell_wrap qmp-shell-wrap
