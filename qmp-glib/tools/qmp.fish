# SPDX-License-Identifier: LGPL-2.1-or-later
# Completion of qmp, qmp-shell and qmp-shell-wrap. What there is to offer is told by "qmp complete", which asks the
# server. Here nothing is expanded, and fish quotes each word before it goes into the line.

# The words in front of the one being typed, with a backslash before all that a shell knows. One that is a variable alone
# gets its value.
function __qmp_get_before
    set -l word
    for word in (commandline -opc)
        set -l variable (string match -r '^\$([A-Za-z_][A-Za-z0-9_]*)$' -- $word)
        if set -q variable[2]; and set -q $variable[2]
            set word "$$variable[2]"
        end
        string replace -ra '[^A-Za-z0-9_./:=-]' '\\\\$0' -- $word
    end
end

# __qmp_add_files PREFIX TYPED [TEST]: files whose names may follow the prefix; of all, or of those that pass the test
function __qmp_add_files
    set -l start (string sub -s (math 1 + (string length -- $argv[1])) -- $argv[2])
    set -l place (string replace -r '^~/' "$HOME/" -- $start)
    set -l file
    for file in "$place"*
        set -l name $argv[1]$start(string sub -s (math 1 + (string length -- $place)) -- $file)
        if test -d $file
            echo -- $name/
        else if not set -q argv[3]; or test $argv[3] $file
            echo -- $name
        end
    end
end

# __qmp_add_word WORD: fish has a blank follow but what ends in = . : or /. A path can go on.
function __qmp_add_word
    echo -- $argv[1]
    string match -q -- '*[=.:/]' $argv[1]; or echo -- $argv[1]/
end

function __qmp_complete
    set -l before (__qmp_get_before)
    set -l token (commandline -ct)
    set -q token[1]; or set token ''
    set -l typed ''
    set -l line
    for line in (command qmp complete '' $before $token 2>/dev/null </dev/null)
        set -l text (string sub -s 2 -- $line)
        switch $line
            case 't*'
                set typed $text
            case 'w*'
                echo -- $text
            case 'o*'
                __qmp_add_word $text
            case 'f*'
                __qmp_add_files "$text" "$typed"
            case 's*'
                __qmp_add_files "$text" "$typed" -S
            case p
                complete -C "$token"
            case 'c*'
                set -l rest $before[(math $text + 1)..] $token
                complete -C "$rest"
        end
    end
end

complete -c qmp -c qmp-shell -c qmp-shell-wrap -f -a '(__qmp_complete)'
