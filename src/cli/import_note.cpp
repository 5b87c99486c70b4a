#include <cli/import_note.hpp>

#include <charconv>
#include <filesystem>

#include <cli/documents/json_text.hpp>
#include <cli/reply_view.hpp>

namespace coppice::cli {
namespace {

constexpr std::string_view format_names[] = {"json", "ndjson", "csv", "folder"};
constexpr std::string_view digits_names[] = {"unseen", "numbers", "text"};

digits_are digits_called(std::string_view name) {
    return name == "text" ? digits_are::text : name == "numbers" ? digits_are::numbers : digits_are::unseen;
}

}  // namespace

std::string_view name_of(document_format format) noexcept { return format_names[static_cast<std::size_t>(format)]; }

std::optional<document_format> format_called(std::string_view name) noexcept {
    for (std::size_t index = 0; index < std::size(format_names); ++index) {
        if (format_names[index] == name) { return static_cast<document_format>(index); }
    }
    if (name == "jsonl") { return document_format::ndjson; }
    if (name == "tsv") { return document_format::csv; }
    return std::nullopt;
}

std::optional<document_format> format_of_file(std::string_view path) {
    std::error_code failed;
    if (path.ends_with('/') || std::filesystem::is_directory(path, failed)) { return document_format::folder; }
    const auto dot = path.rfind('.');
    if (dot == std::string_view::npos) { return std::nullopt; }
    return format_called(path.substr(dot + 1));
}

std::string note_key(std::string_view prefix) { return "coppice:note:" + std::string(prefix); }
std::string order_key(std::string_view prefix) { return "coppice:order:" + std::string(prefix); }

result<std::optional<import_note>> read_note(command_runner& runner, std::string_view prefix) {
    const auto key = note_key(prefix);
    auto reply = checked(runner.run({"HGETALL", key}));
    if (!reply) { return reply.error(); }
    if (reply->items.empty()) { return std::optional<import_note>(); }
    import_note note;
    const auto unreadable = [&] {
        return error{errc::corrupt, "the note of an import, '" + key + "', is not what an import writes; delete it to "
                                        "export without it"};
    };
    const auto format = format_called(text_field(*reply, "format"));
    if (!format) { return unreadable(); }
    note.format = *format;
    note.shape = text_field(*reply, "shape") == "object" ? value_kind::object : value_kind::array;
    note.ids = text_field(*reply, "ids");
    note.id_field = text_field(*reply, "id_field");
    note.documents = static_cast<std::uint64_t>(number_field(*reply, "documents"));
    note.typing.elements = digits_called(text_field(*reply, "digits_in_elements"));
    note.typing.scalars = digits_called(text_field(*reply, "digits_in_scalars"));
    if (const auto delimiter = text_field(*reply, "delimiter"); !delimiter.empty()) { note.delimiter = delimiter[0]; }
    note.heading = text_field(*reply, "heading") != "no";
    note.crlf = text_field(*reply, "line_end") == "crlf";
    note.finished = text_field(*reply, "finished") != "no";
    for (const auto& [name, kind] :
         {std::pair("text_fields", digits_are::text), std::pair("number_fields", digits_are::numbers)}) {
        if (find_field(*reply, name) == nullptr) { continue; }
        const auto names = strings_of(text_field(*reply, name));
        if (!names) { return unreadable(); }
        note.typing.set_fields(*names, kind);
    }
    if (find_field(*reply, "columns") != nullptr) {
        auto names = strings_of(text_field(*reply, "columns"));
        if (!names) { return unreadable(); }
        note.columns = std::move(*names);
    }
    return std::optional(std::move(note));
}

void add_note(command_batch& batch, std::string_view prefix, const import_note& note) {
    batch.begin();
    const auto pair = [&](std::string_view name, std::string_view text) {
        batch.word(name);
        batch.word(text);
    };
    batch.word("HSET");
    batch.word(note_key(prefix));
    pair("format", name_of(note.format));
    pair("shape", note.shape == value_kind::object ? "object" : "array");
    pair("ids", note.ids);
    if (!note.id_field.empty()) { pair("id_field", note.id_field); }
    pair("documents", std::to_string(note.documents));
    pair("finished", note.finished ? "yes" : "no");
    if (note.is_raw()) {
        if (note.format != document_format::csv) { return; }
        pair("delimiter", std::string(1, note.delimiter));
        pair("heading", note.heading ? "yes" : "no");
        pair("line_end", note.crlf ? "crlf" : "lf");
        pair("columns", json_of_strings(note.columns));
        return;
    }
    const auto names_of_digits = [](digits_are digits) { return digits_names[static_cast<std::size_t>(digits)]; };
    pair("digits_in_elements", names_of_digits(note.typing.elements));
    pair("digits_in_scalars", names_of_digits(note.typing.scalars));
    pair("text_fields", json_of_strings(note.typing.fields_that_are(digits_are::text)));
    pair("number_fields", json_of_strings(note.typing.fields_that_are(digits_are::numbers)));
}

}  // namespace coppice::cli
