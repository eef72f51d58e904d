# Completes the command magpie-peers, for bash and for zsh.
# Copyright the magpie-peers authors.
# SPDX-License-Identifier: Apache-2.0

if [ -n "${ZSH_VERSION-}" ]; then
  autoload -U +X bashcompinit && bashcompinit
fi

@TABLES@
# A word as the shell hands it to a command.
__magpie_peers_plain() {
  local word=$1
  case $word in
    \"*) word=${word#\"} word=${word%\"} ;;
    \'*) word=${word#\'} word=${word%\'} ;;
    *)
      case $word in '~/'*) word=$HOME/${word#'~/'} ;; esac
      word=${word//\\/}
      ;;
  esac
  printf '%s\n' "$word"
}

_complete_magpie-peers() {
  COMPREPLY=()
  # Bash splits words at "=" and ":", which are parts of them here.
  local -a parts
  local i part joined=
  parts=("${COMP_WORDS[0]}")
  for ((i = 1; i <= COMP_CWORD; i++)); do
    part=${COMP_WORDS[i]-}
    if ((${#parts[@]} > 1)) &&
      { [[ -n $joined || $part == :* ]] || [[ $part == = && ${parts[${#parts[@]}-1]} == --* ]]; }; then
      parts[${#parts[@]}-1]+=$part
    else
      parts+=("$part")
    fi
    joined=
    if [[ $part == = && ${parts[${#parts[@]}-1]} == --*= ]] || [[ $part == : ]]; then joined=1; fi
  done

  # What stands before the word: the command, how many arguments it has, and what to look at.
  local command= arguments=0 option= value
  local -a context
  context=()
  local last=$((${#parts[@]} - 1))
  for ((i = 1; i < last; i++)); do
    part=${parts[i]}
    if [[ -n $option ]]; then
      value=$part
    elif [[ $part == --*=* ]]; then
      option=${part%%=*} value=${part#*=}
    elif [[ $part == -* ]]; then
      option=$part
      [[ $option == --observer ]] && context+=(--observer)
      [[ -n $(__magpie_peers_value "$command" "$option") ]] || option=
      continue
    else
      if [[ -z $command ]]; then command=$part; else arguments=$((arguments + 1)); fi
      continue
    fi
    case $option in
      --topology | --backend | --peer-set | --state | --as)
        context+=("$option" "$(__magpie_peers_plain "$value")")
        ;;
    esac
    option=
  done

  # The word itself, and what of it is completed.
  local word=${parts[last]} kind= before=
  if [[ -z $option && $word == --*=* ]]; then
    option=${word%%=*}
    word=${word#*=}
    [[ ${COMP_WORDS[COMP_CWORD]-} == --* ]] && before=$option=
  fi
  if [[ -n $option ]]; then
    kind=$(__magpie_peers_value "$command" "$option")
  elif [[ $word == -* ]]; then
    kind="words $(__magpie_peers_options "$command")"
  elif [[ -z $command ]]; then
    kind="words $(__magpie_peers_commands)"
  else
    kind=$(__magpie_peers_argument "$command" "$arguments")
  fi

  local program found=
  program=$(__magpie_peers_plain "${COMP_WORDS[0]}")
  case $kind in
    files | directories)
      # Where nothing is found here, a quoted word for instance, the shell completes files itself.
      if [[ -n ${ZSH_VERSION-} ]]; then
        # There compgen does not look at the word.
        setopt localoptions nullglob
        for part in "$word"*; do
          [[ $kind == files || -d $part ]] && found+=$part$'\n'
        done
      elif [[ $kind == files ]]; then
        found=$(compgen -f -- "$word")
      else
        found=$(compgen -d -- "$word")
      fi
      type compopt >/dev/null 2>&1 && compopt -o filenames 2>/dev/null
      while IFS= read -r part; do
        [[ -n $part ]] && COMPREPLY+=("$before$part")
      done <<<"$found"
      return 0
      ;;
    words\ *) found=$(printf '%s' "${kind#words }" | tr ' ' '\n') ;;
    all-ids) found=$("$program" completion ids "${context[@]}" --observer 2>/dev/null </dev/null) ;;
    ids) found=$("$program" completion ids "${context[@]}" 2>/dev/null </dev/null) ;;
    networks) found=$("$program" completion networks "${context[@]}" 2>/dev/null </dev/null) ;;
  esac
  type compopt >/dev/null 2>&1 && compopt +o default 2>/dev/null
  while IFS= read -r part; do
    [[ -n $part && $part == "$word"* ]] && COMPREPLY+=("$before$part")
  done <<<"$found"
  return 0
}

complete -o default -F _complete_magpie-peers magpie-peers
