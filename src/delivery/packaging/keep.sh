say() {
    echo "$package: $1"
}

is_there() {
    [ -f "$1" ] || [ -h "$1" ]
}

# The target of a link, or the sha256 of a file.
identity() {
    if [ -h "$1" ]; then
        readlink "$1"
    else
        sum=$(sha256sum "$1") && echo "${sum%% *}"
    fi
}

# Whether a version of this package installed the file; assumed if it cannot be determined. An interrupted upgrade may have
# replaced the file, and not yet the list of the package. Installations into a directory have no /dev/null.
own() {
    for list in "$files" "$known"; do
        if [ -f "$list" ]; then
            is=$(identity "$1") || return 0
            if grep -q -F -x -e "$is  $1" "$list"; then return 0; fi
        fi
    done
    return 1
}

# Writes lines down, with those of the installed package, for what is done after an interruption.
remember() {
    mkdir -p "${known%/*}" && printf '%s\n' "$1" >"$known.new" || return 1
    set -- "$known.new"
    if [ -f "$known" ]; then set -- "$@" "$known"; fi
    if [ -f "$files" ]; then set -- "$@" "$files"; fi
    sort -u -o "$known.new" "$@" && settle "$known.new" "$known"
}

# Moves a complete file to its place, and waits until it is there on the disk: NEW PATH.
settle() {
    if [ ! -h "$1" ]; then flush "$1" || return 1; fi
    mv -f "$1" "$2" || return 1
    folder=${2%/*}
    set -- /
    while [ -n "$folder" ]; do
        set -- "$@" "$folder"
        folder=${folder%/*}
    done
    flush "$@"
}

# Keeps the file, with its mode, owner and time, before it is replaced. What is kept already stays what is restored: after a
# power failure, this file may be the half of a new one.
keep() {
    if ! is_there "$1" || own "$1"; then return 0; fi
    is=$(identity "$1") || is=
    to=$1
    if is_there "$previous$1" && is_whole "$1"; then
        if [ "$(identity "$previous$1")" != "$is" ]; then to=$1.later; fi
    fi
    rm -f "$previous$to.new"
    if [ -n "$is" ] && mkdir -p "$previous${1%/*}" && cp -P -p "$1" "$previous$to.new" &&
        [ "$(identity "$previous$to.new")" = "$is" ] && remember "kept $is  $to" && settle "$previous$to.new" "$previous$to"; then
        say "replacing $1; the previous file is kept as $previous$to"
        if [ "$to" != "$1" ]; then say "removing this package restores an earlier file, $previous$1"; fi
    else
        rm -f "$previous$to.new"
        say "warning: replacing $1, which could not be kept in $previous and will not be restored" >&2
    fi
}

# Whether the kept file is what was kept. Earlier versions of this package did not write down what that was.
is_whole() {
    found=$(identity "$previous$1") || return 1
    if [ -f "$known" ] && grep -q -e "^kept .*  $1\$" "$known"; then
        grep -q -F -x -e "kept $found  $1" "$known"
    else
        [ -h "$previous$1" ] || [ -s "$previous$1" ]
    fi
}

# Restores the kept file, unless another one has taken its place.
put_back() {
    rm -f "$1.kept"
    if ! is_there "$previous$1"; then
        forget "$1"
        return 0
    fi
    if ! is_whole "$1"; then
        say "warning: $previous$1 is damaged and is not restored to $1; install the distribution's package again" >&2
    # An interrupted removal may have restored it.
    elif is_there "$1" && [ "$(identity "$1")" = "$(identity "$previous$1")" ]; then
        restored "$1"
    elif [ -e "$1" ] || [ -h "$1" ]; then
        say "$1 already exists; the kept file stays in $previous$1"
    elif mkdir -p "${1%/*}" && cp -P -p "$previous$1" "$1.kept" && settle "$1.kept" "$1"; then
        restored "$1"
    else
        rm -f "$1.kept"
        say "warning: could not restore $1; it is in $previous$1" >&2
    fi
}

# Removes the kept file when the restored one is on the disk, unless an interrupted removal may remove that one once more.
restored() {
    if [ -n "$(command -v restorecon)" ]; then restorecon "$1" || :; fi
    if ! flush "${1%/*}" || { [ ! -h "$1" ] && ! flush "$1"; }; then
        say "warning: could not write $1 to the disk; it also stays in $previous$1" >&2
        return 0
    fi
    if [ -n "$stays" ]; then
        remember "restored $1" || :
    else
        forget "$1"
    fi
    say "restored $1"
}

# Removes the kept file of an earlier life of this package, whose removal restored it.
renew() {
    if is_there "$1" && [ -f "$known" ] && grep -q -F -x -e "restored $1" "$known"; then forget "$1"; fi
}

# The same for what is known of that life, when nothing of it is kept.
renewed() {
    if [ -f "$known" ] && grep -q -e '^restored ' "$known"; then
        rm -f "$known"
        flush "${known%/*}"
    fi
}

# Removes the kept file, because another one is in its place, and on the disk.
forget() {
    if [ -f "$1" ] && [ ! -h "$1" ] && ! flush "$1"; then return 0; fi
    rm -f "$previous$1" "$previous$1.new"
    # A directory that others still use is not worth a message.
    if [ -d "$previous${1%/*}" ]; then : "$(rmdir -p "$previous${1%/*}" 2>&1)"; fi
}

# Removes what was written down, if nothing is kept.
tidy() {
    if [ ! -d "$previous" ]; then rm -f "$known"; fi
    if [ -d "${known%/*}" ]; then : "$(rmdir "${known%/*}" 2>&1)"; fi
    if [ -d "${files%/*}" ]; then : "$(rmdir "${files%/*}" 2>&1)"; fi
}
