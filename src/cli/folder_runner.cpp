#include <cli/runner.hpp>

namespace coppice::cli {

result<std::unique_ptr<command_runner>> open_folder_runner(const store_location& location) {
    return error{errc::unsupported, "a folder (" + location.label()
                                        + ") is not opened by this program yet; start `coppice serve " + location.folder
                                        + "` and give --store coppice://127.0.0.1:5000"};
}

}  // namespace coppice::cli
