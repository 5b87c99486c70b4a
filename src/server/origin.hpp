// server/origin.hpp: which pages may use the server.
//
// A browser sends the cookies, the addresses and the network position of its user with what any page asks, and says
// whose page it is: Origin, "https://viewer.example:8443". Programs send none. Pages are let in that
//
//   - this machine served, at any port, where the browser runs on this machine, too,
//   - the server's own name and port served (Origin is Host) to a browser elsewhere, or
//   - the setting allowed-origins names.
//
// On this machine another name does not count, though it be the Host: whoever owns a name can let it lead here (DNS
// rebinding). Pages behind a proxy of this machine are named in allowed-origins.
#pragma once

#include <string_view>

namespace coppice::server {

/// Whether a page of `origin` may ask, over a connection from `address` ("127.0.0.1:40112") for `host`.
[[nodiscard]] bool is_allowed_origin(std::string_view origin, std::string_view host, std::string_view address,
                                     std::string_view allowed);

/// What is wrong with a value of allowed-origins, or nothing.
[[nodiscard]] std::string_view origins_refuses(std::string_view text);

}  // namespace coppice::server
