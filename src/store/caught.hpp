// store/caught.hpp: where the tree's exceptions become the store's results.
#pragma once

#include <coppice/tree/pool.hpp>
#include <store/writer.hpp>

namespace coppice {

/// Runs `body`, which returns a result, whose nodes may fail to load and whose changes may be refused.
template <class Body>
auto caught(Body&& body) -> decltype(body()) {
    try {
        return body();
    } catch (const load_error& failure) {
        return failure.cause();
    } catch (const refused_change& refused) {
        return refused.cause;
    }
}

}  // namespace coppice
