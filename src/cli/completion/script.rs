//! The scripts with which shells complete.

use clap_complete::Shell;

/// The script of a shell that asks the tool for every word; `None` for one whose script has all words in it.
pub(crate) fn script(shell: Shell) -> Option<&'static str> {
    match shell {
        Shell::Bash => Some(BASH),
        Shell::Zsh => Some(ZSH),
        Shell::Fish => Some(FISH),
        _ => None,
    }
}

const BASH: &str = r#"_kmembuild() {
    local current=${COMP_WORDS[COMP_CWORD]} word meaning
    [[ $current == = ]] && current=
    COMPREPLY=()
    while IFS=$'\t' read -r word meaning; do
        case $word in
            :files)
                compopt -o filenames 2>/dev/null
                while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -f -- "$current") ;;
            :directories)
                compopt -o filenames 2>/dev/null
                while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -d -- "$current") ;;
            *) COMPREPLY+=("$word") ;;
        esac
    done < <("${1/#\~/$HOME}" complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o nosort -F _kmembuild kmembuild 2>/dev/null || complete -F _kmembuild kmembuild
"#;

const ZSH: &str = r#"#compdef kmembuild
_kmembuild() {
    local line tab=$'\t'
    local -a candidates
    for line in "${(@f)$("${words[1]/#\~/$HOME}" complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
        case $line in
            '') ;;
            :files) _files; return ;;
            :directories) _files -/; return ;;
            *${tab}) candidates+=("${${line%${tab}}//:/\\:}") ;;
            *) candidates+=("${${line%%${tab}*}//:/\\:}:${line#*${tab}}") ;;
        esac
    done
    _describe -V kmembuild candidates
}
if [ "$funcstack[1]" = _kmembuild ]; then
    _kmembuild "$@"
else
    compdef _kmembuild kmembuild
fi
"#;

const FISH: &str = r#"function __kmembuild_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l program (string replace -r '^~(?=/)' -- "$HOME" $words[1])
    set -e words[1]
    for line in ($program complete -- $words "$current" 2>/dev/null)
        switch $line
            case ':files'
                __fish_complete_path "$current"
            case ':directories'
                __fish_complete_directories "$current"
            case '*'
                echo $line
        end
    end
end
complete -c kmembuild -f -k -a '(__kmembuild_complete)'
"#;
