// store/caught.hpp: where the tree's exceptions become the store's results.
#pragma once

#include <coppice/tree/pool.hpp>

namespace coppice {

/// Runs `body`, which returns a result and whose nodes may fail to load.
template <class Body>
auto caught(Body&& body) -> decltype(body()) {
    try {
        return body();
    } catch (const load_error& failure) { return failure.cause(); }
}

}  // namespace coppice
