// coppice/base/function_ref.hpp: a borrowed callable, for parameters that are called before they return.
//
// Two words, no allocation, no <functional>. The callable must outlive the call it is passed to.
#pragma once

#include <memory>
#include <type_traits>
#include <utility>

namespace coppice {

template <class Signature>
class function_ref;

template <class Result, class... Arguments>
class function_ref<Result(Arguments...)> {
public:
    template <class Callable>
    requires(!std::is_same_v<std::remove_cvref_t<Callable>,
                             function_ref> && std::is_invocable_r_v<Result, Callable&, Arguments...>)
        function_ref(Callable&& callable)
    noexcept  // NOLINT: a callable converts silently, as to a parameter
        : object_(const_cast<void*>(static_cast<const void*>(std::addressof(callable)))),
          call_([](void* object, Arguments... given) -> Result {
              return (*static_cast<std::add_pointer_t<Callable>>(object))(std::forward<Arguments>(given)...);
          }) {}

    Result operator()(Arguments... given) const { return call_(object_, std::forward<Arguments>(given)...); }

private:
    void* object_;
    Result (*call_)(void*, Arguments...);
};

}  // namespace coppice
