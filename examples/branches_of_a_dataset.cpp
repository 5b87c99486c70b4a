// examples/branches_of_a_dataset.cpp: a first program with a store: write, branch, edit, compare, undo, look back.
//
// Usage: branches_of_a_dataset [FOLDER]          (./dataset unless said otherwise; run it again: it goes on)
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <string>
#include <thread>
#include <utility>

#include <coppice/store.hpp>

namespace {

/// What is in a result, or the end of this program: one of yours would go on with the error.
template <class T>
T need(coppice::result<T> given) {
    if (!given) {
        std::cerr << given.error().message() << "\n";
        std::exit(1);
    }
    if constexpr (!std::is_void_v<T>) { return std::move(*given); }
}

std::string sample_key(int number) { return "sample:" + std::to_string(number); }

/// A data set of 10,000 samples: a hash each, and a list that says their order.
void write_samples(coppice::branch& to) {
    need(to.transact([](coppice::editor& edit) {
        for (int number = 0; number < 10'000; ++number) {
            const std::string key = sample_key(number);
            edit.put_fields(key, {{"energy", std::to_string(number * 7 % 1000)}, {"label", "raw"}});
            edit.push_back("order", key);
        }
    }));
}

void show_difference(coppice::store& data, std::string_view before, std::string_view after) {
    std::cout << "from " << before << " to " << after << ":\n";
    need(data.diff(before, after, [](const coppice::key_difference& key) {
        const bool both = key.before && key.after;
        std::cout << (both ? "  changed " : key.after ? "  added   " : "  removed ") << key.key;
        need(key.for_each_part([](const coppice::part_difference& part) {
            if (part.what == coppice::part_difference::place::field) {
                std::cout << "  " << part.name << ": " << part.before << " -> " << part.after;
            } else if (part.what == coppice::part_difference::place::run) {
                std::cout << "  " << part.run.before_count << " elements at " << part.run.before_position << " -> "
                          << part.run.after_count;
            }
        }));
        std::cout << "\n";
    }));
}

}  // namespace

int main(int argument_count, char** arguments) {
    using clock = std::chrono::steady_clock;
    coppice::store data = need(coppice::store::open(argument_count > 1 ? arguments[1] : "dataset"));
    coppice::branch main = need(data.branch("main"));

    if (need(main.read().key_count()) == 0) { write_samples(main); }
    need(main.commit("10,000 samples", "ada"));
    static_cast<void>(data.drop_branch("trial"));  // of an earlier run, if any

    // A branch costs one record, whatever the data set holds.
    const auto begin = clock::now();
    coppice::branch trial = need(data.create_branch("trial", "main"));
    std::cout << "a branch of " << need(trial.read().key_count()) << " keys in "
              << std::chrono::duration_cast<std::chrono::microseconds>(clock::now() - begin).count() << " us\n";

    // All of a transaction happens, or nothing: here a sample that is not there makes it fail.
    const auto failed = trial.transact([](coppice::editor& edit) -> coppice::status {
        edit.put_field(sample_key(17), "label", "outlier");
        if (!edit.copy("sample:no such", "sample:new")) {
            return coppice::error{coppice::errc::not_found, "nothing to copy"};
        }
        return {};
    });
    std::cout << "refused: " << failed.error().message() << "; label is still "
              << need(trial.read().field(sample_key(17), "label")).value_or("?") << "\n";

    // Edits on the trial, while a snapshot of it goes on saying what it said.
    const coppice::snapshot before = trial.read();
    need(trial.transact([](coppice::editor& edit) {
        edit.put_field(sample_key(17), "label", "outlier");
        edit.erase(sample_key(4711));
        edit.splice("order", 4711, 1, {});
        edit.copy(sample_key(1), "sample:best");  // O(log n), however large the value is
    }));
    show_difference(data, "main", "trial");
    std::cout << "the snapshot has " << need(before.size("order")) << " samples in order, the trial "
              << need(trial.read().size("order")) << "\n";

    // Oops. Everything is still there a moment ago, and at each commit.
    need(trial.commit("one outlier, one sample less"));
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    need(trial.transact([](coppice::editor& edit) { edit.clear(); }));
    std::cout << "cleared: " << need(trial.read().key_count()) << " keys; at its commit it had "
              << need(need(data.at("trial~0")).key_count()) << "\n";
    need(trial.rewind("trial~0"));
    std::cout << "rewound: " << need(trial.read().key_count()) << " keys\n";

    // Borrowing costs nothing: no count is taken, nothing is copied.
    const auto energy = trial.peek([](const coppice::view& now) { return now.field(sample_key(17), "energy"); });
    std::cout << "energy of sample 17: " << need(energy).value_or("?") << "\n";

    for (const auto& version : need(data.history("trial~0"))) {
        std::cout << "commit " << coppice::to_hex(version.commit->id).substr(0, 8) << "  " << version.commit->message
                  << "\n";
    }
    std::cout << need(data.metrics()).disk_bytes / 1024 << " KiB on disk\n";
    need(data.close());
}
