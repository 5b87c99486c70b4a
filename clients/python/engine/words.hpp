// clients/python/engine/words.hpp: a command's arguments, borrowed from Python objects as redis-py writes them.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "python.hpp"

namespace coppice::python {

/// The words of one command. Texts and buffers are not copied: the objects they came from outlive this.
class command_words {
public:
    command_words() = default;
    /// Requires: the GIL, as its end does.
    explicit command_words(nb::handle tuple) { add_command(tuple); }
    ~command_words();
    command_words(const command_words&) = delete;
    command_words& operator=(const command_words&) = delete;

    /// Adds the words of a sequence, the first of which may be a name of two words, as "CONFIG GET".
    /// Throws python_error: EngineError("argument", ...) for what is no text, number or buffer.
    void add_command(nb::handle tuple);
    /// Adds a text that lives here.
    void add_made(std::string text);
    [[nodiscard]] const std::vector<std::string_view>& view() const noexcept { return words_; }

private:
    void add(PyObject* word);
    void add_name(std::string_view name);

    std::vector<std::string_view> words_;
    std::unique_ptr<std::deque<std::string>> made_;
    std::vector<Py_buffer> buffers_;
};

}  // namespace coppice::python
