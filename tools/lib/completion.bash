# shellcheck shell=bash disable=SC2034 # the generated functions read the variables

# bash parts words at colons and equals signs, which names of devices have. This completes whole words, and offers what
# comes behind the last part.
_ferry_whole_words() {
    local line=${COMP_LINE:0:COMP_POINT} rest=${COMP_LINE:0:COMP_POINT} part last='' gap head reply
    local -a words=()
    local -i index
    for ((index = 0; index <= COMP_CWORD; ++index)); do
        gap=${rest%%[![:space:]]*} rest=${rest#"${rest%%[![:space:]]*}"}
        part=${COMP_WORDS[index]}
        ((index < COMP_CWORD)) || part=$rest # as far as the cursor
        rest=${rest#"$part"}
        if [[ -n $gap || $index -eq 0 || ! $last$part =~ ^[:=]|[:=]$ ]]; then
            words+=("$part")
        else
            words[-1]+=$part
        fi
        last=$part
    done

    local -a COMP_WORDS=("${words[@]}")
    local -i COMP_CWORD=$((${#words[@]} - 1)) COMP_POINT=${#line}
    local COMP_LINE=$line word=${words[-1]}
    _ferry "$1" "$word" "${words[-2]}"

    head=${word%"$2"} head=${head//[\\\"\']/}
    COMPREPLY=("${COMPREPLY[@]#"$head"}")
    if [[ $word =~ ^[\"\']?(emulated|vfio|vfio-user|serve|fd): || ${COMPREPLY[*]} == *[:=]* ]]; then
        # Not files, whose names bash would quote more than they need.
        compopt +o filenames
        if [[ $word != [\"\']* ]]; then
            for index in "${!COMPREPLY[@]}"; do printf -v "COMPREPLY[$index]" %q "${COMPREPLY[index]}"; done
            COMPREPLY=("${COMPREPLY[@]//\\,/,}") # which means something in braces only
        fi
    else
        COMPREPLY=("${COMPREPLY[@]%/}") # bash tells folders itself
    fi
    for reply in "${COMPREPLY[@]}"; do
        [[ $reply == *[=:/] ]] || return 0
    done
    compopt -o nospace
}

complete -o filenames -F _ferry_whole_words ferry
