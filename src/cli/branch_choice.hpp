// cli/branch_choice.hpp: which branch a verb speaks of, and the one that `coppice use` remembers.
//
// --branch, else COPPICE_BRANCH, else the URL's, else what `use` remembers for this store, else the server's own.
// Remembered are lines "store<TAB>branch" in $XDG_CONFIG_HOME/coppice/branches (~/.config without it).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <coppice/base/error.hpp>

namespace coppice::cli {

/// A variable of the environment, or nothing.
using environment = std::function<std::optional<std::string>(const char*)>;

class branch_memory {
public:
    explicit branch_memory(const environment& variables);

    /// The branch remembered for a store.  A file that cannot be read remembers nothing.
    [[nodiscard]] std::optional<std::string> find(std::string_view store) const;
    /// Remembers, or with nothing forgets.  The file is replaced as a whole.
    [[nodiscard]] status remember(std::string_view store, std::optional<std::string> branch) const;
    [[nodiscard]] const std::string& file() const noexcept { return file_; }

private:
    std::string file_;
};

struct branch_choice {
    std::string branch;  ///< empty: the server's own choice
    std::string from;    ///< "--branch", "COPPICE_BRANCH", "the URL", "coppice use", or empty
};

}  // namespace coppice::cli
