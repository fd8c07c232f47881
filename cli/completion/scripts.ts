/** How each shell asks the program what may come next. `PROGRAM` stands for its name. */
const SCRIPTS = {
  bash: String.raw`# bash completion for PROGRAM

_PROGRAM_complete() {
	local line=${'$'}{COMP_LINE:0:COMP_POINT} words lines candidate current prefix=
	# Not COMP_WORDS: bash takes an image's name apart at its colon.
	read -ra words <<<"$line"
	[[ $line == *[[:space:]] ]] && words+=("")
	current=${'$'}{words[-1]}
	mapfile -t lines < <("${'$'}{words[0]}" __complete -- "${'$'}{words[@]:1}" 2>/dev/null)
	((${'$'}{#lines[@]})) || return 0
	# It replaces only what stands behind the last colon or equals sign.
	[[ $current == *[:=]* ]] && prefix=${'$'}{current%"${'$'}{current##*[:=]}"}
	COMPREPLY=()
	for candidate in "${'$'}{lines[@]:0:${'$'}{#lines[@]}-1}"; do
		candidate=${'$'}{candidate%%$'\t'*}
		[[ $candidate == *[:=] ]] && compopt -o nospace
		COMPREPLY+=("${'$'}{candidate#"$prefix"}")
	done
	if [[ ${'$'}{lines[-1]} == :files ]]; then
		# It would quote the colon of a candidate.
		((${'$'}{#COMPREPLY[@]})) || compopt -o filenames
		mapfile -t -O "${'$'}{#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "${'$'}{current#"$prefix"}")
	fi
}
complete -F _PROGRAM_complete PROGRAM
`,
  zsh: String.raw`#compdef PROGRAM
# zsh completion for PROGRAM

_PROGRAM() {
	local line
	local -a lines candidates open
	lines=("${'$'}{(@f)$("${'$'}{words[1]}" __complete -- "${'$'}{(@)words[2,CURRENT]}" 2>/dev/null)}")
	for line in "${'$'}{(@)lines[1,-2]}"; do
		local text=${'$'}{line%%$'\t'*}
		local entry=${'$'}{text//:/\\:}
		[[ $line == *$'\t'* ]] && entry+=":${'$'}{line#*$'\t'}"
		if [[ $text == *[:=] ]]; then open+=("$entry"); else candidates+=("$entry"); fi
	done
	((${'$'}{#candidates})) && _describe -V 'candidate' candidates
	((${'$'}{#open})) && _describe -V 'candidate' open -S ''
	if [[ ${'$'}{lines[-1]} == :files ]]; then
		[[ $PREFIX == --*=* ]] && compset -P '*='
		_files
	fi
	return 0
}

if [[ $funcstack[1] == _PROGRAM ]]; then
	_PROGRAM "$@"
else
	compdef _PROGRAM PROGRAM
fi
`,
  fish: String.raw`# fish completion for PROGRAM

function __PROGRAM_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l lines ($words[1] __complete -- $words[2..-1] "$current" 2>/dev/null)
    test (count $lines) -gt 0; or return
    if test (count $lines) -gt 1
        string join \n -- $lines[1..-2]
    end
    if test "$lines[-1]" = :files
        set -l assigned (string match -r -- '^--[^=]+=' $current)
        for path in (__fish_complete_path (string replace -- "$assigned" '' $current))
            echo "$assigned$path"
        end
    end
end
complete -c PROGRAM -f -a '(__PROGRAM_complete)'
`,
}

export type Shell = keyof typeof SCRIPTS

export const SHELLS = Object.keys(SCRIPTS) as Shell[]

/** The script that makes a shell complete the command line of the program of this name. */
export const completionScript = (shell: Shell, program: string): string =>
  SCRIPTS[shell].replaceAll('PROGRAM', program)
