// examples/copy_on_write: what copy-on-write is, from a copied page to a restored data set, with figures that are
// measured as it runs. docs/copy-on-write.md is the chapter to it.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <string_view>
#include <vector>

#include "scenes.hpp"
#include "stage.hpp"

namespace {

using namespace copy_on_write;

constexpr std::string_view usage = R"(usage: copy_on_write [--only SCENE]... [--small] [--list] [--help]

Walks through copy-on-write, scene by scene, and measures what it shows.

  --only SCENE   this scene alone; may be given again
  --small        small sizes, as in its test: the figures mean nothing then
  --list         the names of the scenes
  --help         this text

Colours are for terminals, unless NO_COLOR is set.
)";

std::vector<scene> chosen(int count, char** arguments, bool& small) {
    std::vector<scene> scenes;
    for (int i = 1; i < count; ++i) {
        const std::string_view option = arguments[i];
        if (option == "--help" || option == "-h") {
            std::cout << usage;
            std::exit(0);
        } else if (option == "--list") {
            for (const scene& each : all_scenes()) {
                std::cout << each.name << std::string(15 - each.name.size(), ' ') << each.title << "\n";
            }
            std::exit(0);
        } else if (option == "--small") {
            small = true;
        } else if (option == "--only") {
            const std::string_view name = i + 1 < count ? arguments[++i] : "";
            const auto found = std::find_if(all_scenes().begin(), all_scenes().end(),
                                            [&](const scene& each) { return each.name == name; });
            if (found == all_scenes().end()) {
                stop("--only needs the name of a scene, one of --list, not '" + std::string(name) + "'");
            }
            scenes.push_back(*found);
        } else {
            stop("unknown option '" + std::string(option) + "'; --help lists what there is");
        }
    }
    return scenes.empty() ? all_scenes() : scenes;
}

/// Plays a scene in a process of its own, so that what one has left in memory is in no other's figures.
bool play(const scene& shown, stage& on) {
    std::cout.flush();
    const pid_t child = fork();
    if (child < 0) { stop("fork failed: no process to be had"); }
    if (child == 0) {
        on.title(shown.title);
        shown.play(on);
        std::exit(0);
    }
    int status = 0;
    return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace

int main(int count, char** arguments) {
    bool small = false;
    const std::vector<scene> scenes = chosen(count, arguments, small);
    const char* no_colour = std::getenv("NO_COLOR");
    const bool coloured = isatty(STDOUT_FILENO) == 1 && (no_colour == nullptr || *no_colour == '\0');
    stage on(small, coloured);
    const bool all = std::all_of(scenes.begin(), scenes.end(), [&](const scene& each) { return play(each, on); });
    return all ? 0 : 1;
}
