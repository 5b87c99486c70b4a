#include <cli/serve.hpp>

namespace coppice::cli {

result<int> start_server(const serve_options& options) {
    return error{errc::unsupported, "this build has no server yet (asked to serve " + options.folder + ")"};
}

}  // namespace coppice::cli
