// examples/copy_on_write/scenes.hpp: the scenes of the program, a function each, in a file of its own.
#pragma once

#include <string_view>
#include <vector>

namespace copy_on_write {

class stage;

void deep_copies(stage& on);
void fork_and_pages(stage& on);
void path_copying(stage& on);
void swapping_a_root(stage& on);
void one_timeline(stage& on);
void many_timelines(stage& on);
void point_in_time(stage& on);
void vandalised_document(stage& on);
void when_not(stage& on);

struct scene {
    std::string_view name;
    std::string_view title;
    void (*play)(stage& on);
};

/// In the order in which they build on each other.
inline const std::vector<scene>& all_scenes() {
    static const std::vector<scene> all{
        {"deep-copies", "Deep copies and copies on write", deep_copies},
        {"fork", "fork(): the system copies on write, by pages", fork_and_pages},
        {"path-copying", "Path copying: which nodes two trees share", path_copying},
        {"atomic-box", "Swapping a root without locks", swapping_a_root},
        {"timeline", "Versions on one timeline", one_timeline},
        {"timelines", "Many timelines: the traveller who changes the past", many_timelines},
        {"point-in-time", "Point-in-time restore", point_in_time},
        {"document", "The vandalised document", vandalised_document},
        {"when-not", "When not to copy on write", when_not},
    };
    return all;
}

}  // namespace copy_on_write
