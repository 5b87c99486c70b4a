#include <algorithm>
#include <charconv>
#include <functional>
#include <unordered_set>

#include <cli/documents/json_text.hpp>
#include <cli/documents/writers.hpp>
#include <cli/import.hpp>
#include <cli/keys.hpp>
#include <cli/reply_view.hpp>

namespace coppice::cli {
namespace {

constexpr std::size_t keys_per_batch_max = 512;
constexpr std::size_t bytes_per_batch = 4 * limits::mebibyte;

// Reads whole keys, a batch at a time, and makes documents of them.
class exporter {
public:
    exporter(const export_plan& plan, command_runner& runner, const import_note& note, bool as_text,
             document_writer& writer, progress& shown)
        : plan_(plan), runner_(runner), note_(note), as_text_(as_text), writer_(writer), shown_(shown) {}

    // In the order of the import first, then what was added since.
    status run() {
        if (note_.ids == "position") {
            for (std::uint64_t position = 0; position < note_.documents; ++position) {
                if (auto added = add(std::to_string(position)); !added) { return added; }
            }
        } else if (!note_.ids.empty()) {
            if (auto ordered = run_order(); !ordered) { return ordered; }
        }
        if (auto emptied = flush(); !emptied) { return emptied; }
        const auto prefix = plan_.prefix + ':';
        auto scanned =
            scan_keys(runner_, pattern_of_prefix(prefix), [&](const std::vector<reply_value>& keys) -> status {
                for (const auto& key : keys) {
                    auto id = key.text.substr(prefix.size());
                    if (was_exported(id)) { continue; }
                    seen_.insert(std::hash<std::string_view>()(id));
                    if (auto added = add(std::move(id)); !added) { return added; }
                }
                return {};
            });
        if (!scanned) { return scanned; }
        return flush();
    }
    std::uint64_t documents() const { return documents_; }

private:
    status run_order() {
        const auto order = order_key(plan_.prefix);
        for (std::uint64_t from = 0;; from += words_per_command) {
            auto page = checked(
                runner_.run({"LRANGE", order, std::to_string(from), std::to_string(from + words_per_command - 1)}));
            if (!page) { return page.error(); }
            for (const auto& id : page->items) {
                if (!seen_.insert(std::hash<std::string_view>()(id.text)).second) { continue; }
                if (auto added = add(id.text); !added) { return added; }
            }
            if (page->items.size() < words_per_command) { return {}; }
        }
    }
    // Ids are remembered by 8 bytes each: two of one hash among n documents are as likely as n^2 in 2^65.
    bool was_exported(std::string_view id) const {
        if (note_.ids == "position") {
            std::uint64_t position = 0;
            const auto [end, failed] = std::from_chars(id.data(), id.data() + id.size(), position);
            const bool is_canonical =
                failed == std::errc() && end == id.data() + id.size() && std::to_string(position) == id;
            if (is_canonical && position < note_.documents) { return true; }
        }
        return seen_.contains(std::hash<std::string_view>()(id));
    }

    status add(std::string id) {
        ids_.push_back(std::move(id));
        return ids_.size() < keys_per_batch_ ? status() : flush();
    }
    status flush() {
        if (ids_.empty()) { return {}; }
        command_batch types;
        for (const auto& id : ids_) { types.add({"TYPE", key_of(id)}); }
        auto kinds = run_checked(runner_, types);
        if (!kinds) { return kinds.error(); }
        command_batch reads;
        std::vector<std::size_t> read_ids;
        for (std::size_t index = 0; index < ids_.size(); ++index) {
            const auto& type = (*kinds)[index].text;
            if (type == "none") { continue; }  // deleted since
            if (!add_whole_read(reads, type, key_of(ids_[index]))) {
                return error{errc::unsupported, "'" + key_of(ids_[index]) + "' is a " + type
                                                    + ", which no document is; delete it or export another prefix"};
            }
            read_ids.push_back(index);
        }
        auto values = run_checked(runner_, reads);
        if (!values) { return values.error(); }
        std::size_t bytes = 1;
        for (std::size_t index = 0; index < read_ids.size(); ++index) {
            const auto at = read_ids[index];
            auto written = write(ids_[at], (*kinds)[at].text, (*values)[index]);
            if (!written) { return written; }
            bytes += bytes_in((*values)[index]);
        }
        if (!read_ids.empty()) {  // so that a batch of large documents is a short one
            keys_per_batch_ = std::clamp<std::size_t>(bytes_per_batch * read_ids.size() / bytes, 1, keys_per_batch_max);
        }
        ids_.clear();
        return {};
    }
    static std::size_t bytes_in(const reply_value& given) {
        std::size_t bytes = given.text.size();
        for (const auto& item : given.items) { bytes += item.text.size(); }
        return bytes;
    }
    std::string key_of(std::string_view id) const { return plan_.prefix + ':' + std::string(id); }

    value value_of(std::string_view bytes, digits_are digits) const {
        if (note_.is_raw()) { return {value_kind::string, std::string(bytes)}; }
        return loaded(bytes, digits);
    }
    status write(const std::string& id, std::string_view type, const reply_value& read) {
        built_.is_named = note_.ids == "name" || note_.ids.empty();
        built_.name = id;
        built_.text.clear();
        built_.members.clear();
        if (type == "string") {
            auto content = value_of(read.text, note_.typing.scalars);
            built_.kind = content.kind;
            built_.text = std::move(content.text);
        } else if (type == "hash" || type == "zset") {
            built_.kind = value_kind::object;
            for_each_pair(read, [&](const reply_value& name, const reply_value& content) {
                auto shown = type == "hash" ? value_of(text_of(content), note_.typing.of_field(name.text))
                                            : loaded(text_of(content), digits_are::numbers);
                built_.members.push_back({name.text, std::move(shown)});
            });
        } else {
            built_.kind = value_kind::array;
            for (const auto& item : read.items) {
                built_.members.push_back({{}, value_of(item.text, note_.typing.elements)});
            }
        }
        if (as_text_) {
            if (auto checked_text = check_text(); !checked_text) { return checked_text; }
        }
        if (auto written = writer_.write(built_); !written) { return written; }
        documents_ += 1;
        shown_.at(documents_, note_.documents == 0 ? std::nullopt : std::optional(note_.documents), documents_);
        return {};
    }
    // RESP2 answers flat, RESP3 a map or (scores) pairs.
    template <class Each>
    static void for_each_pair(const reply_value& read, Each each) {
        for (std::size_t index = 0; index < read.items.size();) {
            if (read.items[index].kind == reply_kind::array) {
                each(read.items[index].items[0], read.items[index].items[1]);
                index += 1;
            } else {
                each(read.items[index], read.items[index + 1]);
                index += 2;
            }
        }
    }
    status check_text() const {
        const auto is_text = [](std::string_view text) { return find_bad_utf8(text) == std::string_view::npos; };
        bool all = is_text(built_.text) && (!built_.is_named || is_text(built_.name));
        for (const auto& member : built_.members) { all = all && is_text(member.name) && is_text(member.content.text); }
        if (all) { return {}; }
        return error{errc::wrong_type, "'" + printable(key_of(built_.name)) + "' holds bytes that are not UTF-8, which "
                                           "JSON cannot hold; use --format folder or csv"};
    }

    const export_plan& plan_;
    command_runner& runner_;
    const import_note& note_;
    const bool as_text_;
    document_writer& writer_;
    progress& shown_;
    std::vector<std::string> ids_;
    std::size_t keys_per_batch_ = 16;
    std::unordered_set<std::size_t> seen_;
    document built_;
    std::uint64_t documents_ = 0;
};

}  // namespace

result<std::uint64_t> export_documents(
    const export_plan& plan, command_runner& runner, progress& shown,
    function_ref<result<std::unique_ptr<document_writer>>(const import_note&)> make_writer) {
    auto found = read_note(runner, plan.prefix);
    if (!found) { return found.error(); }
    import_note note;
    if (*found) {
        note = **found;
    } else {  // keys that no import wrote: in order of the keys
        note.ids.clear();
        note.shape = value_kind::object;
        note.format = plan.format.value_or(document_format::json);
    }
    const auto format = plan.format.value_or(note.format);
    auto writer = make_writer(note);
    if (!writer) { return writer.error(); }
    const bool as_text = format == document_format::json || format == document_format::ndjson;
    exporter exporting(plan, runner, note, as_text, **writer, shown);
    if (auto done = exporting.run(); !done) { return done.error(); }
    if (exporting.documents() == 0 && !*found) {
        return error{errc::not_found, "no keys begin with '" + plan.prefix + ":'; `coppice ls` shows what is there"};
    }
    if (auto finished = (*writer)->finish(); !finished) { return finished.error(); }
    shown.done();
    return exporting.documents();
}

}  // namespace coppice::cli
