// `coppice completion bash`, from the table: verbs, their options, and branches, references and files as words.
#include <cli/verb.hpp>

namespace coppice::cli {
namespace {

// "-m,--message" as "-m --message".
std::string names_of(const option_row& row) {
    std::string names(row.names);
    if (const auto comma = names.find(','); comma != std::string::npos) { names[comma] = ' '; }
    return names;
}

std::string kind_of(completes with) {
    switch (with) {
        case completes::file: return "file";
        case completes::folder: return "folder";
        case completes::branch: return "branch";
        case completes::ref: return "ref";
        case completes::verb: return "verb";
        case completes::nothing: break;
    }
    return "nothing";
}

// Cases of options with a value: "--id|--path) nothing".
std::string value_cases(std::span<const option_row> rows) {
    std::string out;
    for (const auto& row : rows) {
        if (row.value.empty()) { continue; }
        auto names = names_of(row);
        if (const auto space = names.find(' '); space != std::string::npos) { names[space] = '|'; }
        out += "            " + names + ") echo " + kind_of(row.with) + "; return ;;\n";
    }
    return out;
}

}  // namespace

std::string bash_completion() {
    std::string verbs;
    std::string options;
    std::string values;
    std::string words;
    for (const auto& each : all_verbs()) {
        const std::string name(each.name);
        verbs += (verbs.empty() ? "" : " ") + name;
        std::string names;
        for (const auto& row : each.options) { names += (names.empty() ? "" : " ") + names_of(row); }
        if (!names.empty()) { options += "        " + name + ") echo \"" + names + "\" ;;\n"; }
        if (const auto cases = value_cases(each.options); !cases.empty()) {
            values += "    if [[ $1 == " + name + " ]]; then\n        case $2 in\n" + cases + "        esac\n    fi\n";
        }
        std::string kinds;
        for (const auto& row : each.words) { kinds += (kinds.empty() ? "" : " ") + kind_of(row.with); }
        if (!kinds.empty()) { words += "        " + name + ") kinds=(" + kinds + ") ;;\n"; }
    }
    std::string common;
    for (const auto& row : common_options()) { common += (common.empty() ? "" : " ") + names_of(row); }

    return "# bash completion for coppice, made by `coppice completion bash`.\n"
           "#   source <(coppice completion bash)\n"
           "_coppice_options() {\n    case $1 in\n" + options + "    esac\n    echo \"" + common + "\"\n}\n"
           "# What the value of option $2 of verb $1 is.\n"
           "_coppice_value() {\n" + values + "    case $2 in\n" + value_cases(common_options()) +
           "    esac\n    echo flag\n}\n"
           "# What word number $2 of verb $1 is.\n"
           "_coppice_word() {\n    local kinds=()\n    case $1 in\n" + words +
           "    esac\n    echo \"${kinds[$2]:-file}\"\n}\n"
           "# Words of kind $1 that begin with $2; branches and tags come from the store itself.\n"
           "_coppice_offer() {\n"
           "    local names\n"
           "    case $1 in\n"
           "        verb) compgen -W '" + verbs + "' -- \"$2\" ;;\n"
           "        folder) compgen -d -- \"$2\" ;;\n"
           "        file) compgen -f -- \"$2\" ;;\n"
           "        branch|ref)\n"
           "            names=$(\"$program\" branch --names \"${store[@]}\" 2>/dev/null)\n"
           "            [[ $1 == branch ]] || names+=\" $(\"$program\" tag --names \"${store[@]}\" 2>/dev/null)\"\n"
           "            compgen -W \"$names\" -- \"$2\" ;;\n"
           "    esac\n}\n"
           "_coppice() {\n"
           "    local program=${COMP_WORDS[0]} current=${COMP_WORDS[COMP_CWORD]} verb='' store=() word=0 at kind\n"
           "    for ((at = 1; at < COMP_CWORD; at++)); do\n"
           "        if [[ ${COMP_WORDS[at]} == -* ]]; then\n"
           "            kind=$(_coppice_value \"$verb\" \"${COMP_WORDS[at]}\")\n"
           "            [[ $kind == flag ]] && continue\n"
           "            [[ ${COMP_WORDS[at]} == --store ]] && store=(--store \"${COMP_WORDS[at + 1]}\")\n"
           "            at=$((at + 1))\n"
           "            ((at < COMP_CWORD)) && continue\n"
           "            mapfile -t COMPREPLY < <(_coppice_offer \"$kind\" \"$current\")\n"
           "            return\n"
           "        elif [[ -z $verb ]]; then\n"
           "            verb=${COMP_WORDS[at]}\n"
           "        else\n"
           "            word=$((word + 1))\n"
           "        fi\n"
           "    done\n"
           "    if [[ $current == -* ]]; then\n"
           "        mapfile -t COMPREPLY < <(compgen -W \"$(_coppice_options \"$verb\")\" -- \"$current\")\n"
           "    elif [[ -z $verb ]]; then\n"
           "        mapfile -t COMPREPLY < <(_coppice_offer verb \"$current\")\n"
           "    else\n"
           "        mapfile -t COMPREPLY < <(_coppice_offer \"$(_coppice_word \"$verb\" \"$word\")\" \"$current\")\n"
           "    fi\n"
           "}\n"
           "complete -o filenames -F _coppice coppice\n";
}

}  // namespace coppice::cli
