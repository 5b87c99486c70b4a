#include <algorithm>
#include <unordered_map>

#include <cli/documents/json_text.hpp>
#include <cli/documents/readers.hpp>

namespace coppice::cli {
namespace {

// Makes one document of the events of one JSON value.
class document_builder {
public:
    explicit document_builder(read_summary& summary) : summary_(summary) {}

    void start(std::optional<std::string_view> name) {
        built_.is_named = name.has_value();
        built_.name = name.value_or("");
        built_.kind = value_kind::null;
        built_.text.clear();
        built_.members.clear();
        places_.clear();
        bytes_ = 0;
    }
    // The events of the value, until is_whole().  False: the document is too large; `failure` says how.
    bool scalar(value_kind kind, std::string_view text, text_position where) {
        if (depth_ == 0) {
            built_.kind = kind;
            built_.text = text;
            built_.where = where;
            return true;
        }
        if (depth_ > 1) {
            nested_.scalar(kind, text);
            return true;
        }
        return add({kind, std::string(text)});
    }
    bool begin(value_kind container, text_position where) {
        depth_ += 1;
        if (depth_ == 1) {
            built_.kind = container;
            built_.where = where;
        } else {
            if (depth_ == 2) { nested_.clear(); }
            nested_.begin(container);
        }
        return true;
    }
    bool end(value_kind container) {
        depth_ -= 1;
        if (depth_ >= 1) { nested_.end(container); }
        if (depth_ != 1) { return true; }
        note_duplicates(nested_.duplicates);
        return add({container, nested_.text()});
    }
    void name(std::string_view text, text_position where) {
        if (depth_ == 1) {
            member_name_ = text;
            member_where_ = where;
        } else {
            nested_.name(text);
        }
    }
    bool is_whole() const { return depth_ == 0; }
    const document& built() const { return built_; }

    std::string failure;
    std::string_view file;

private:
    bool add(value content) {
        bytes_ += content.text.size() + member_name_.size();
        if (bytes_ > limits::document_bytes || built_.members.size() >= limits::document_fields) {
            failure = "one document has more than " + std::to_string(limits::document_fields) + " members or "
                      + std::to_string(limits::document_bytes) + " bytes";
            return false;
        }
        if (built_.kind == value_kind::array) {
            built_.members.push_back({{}, std::move(content)});
            return true;
        }
        const auto [place, is_new] = places_.emplace(member_name_, built_.members.size());
        if (is_new) {
            built_.members.push_back({member_name_, std::move(content)});
        } else {
            note_duplicates(1);
            built_.members[place->second].content = std::move(content);
        }
        return true;
    }
    void note_duplicates(std::uint64_t count) {
        if (count != 0 && summary_.duplicate_members == 0) {
            summary_.duplicate_example = error_at(file, member_where_, printable(member_name_)).context;
        }
        summary_.duplicate_members += count;
    }

    read_summary& summary_;
    document built_;
    std::unordered_map<std::string, std::size_t> places_;
    std::string member_name_;
    text_position member_where_;
    json_text_builder nested_;
    std::uint64_t bytes_ = 0;
    std::size_t depth_ = 0;
};

// Finds the array or object under the path and hands out its entries.
//
// `on_path_` containers from the top down stand on the way to it; the last of them is the collection
// itself once on_path_ is path.size() + 1.
class collection_events final : public json_events {
public:
    collection_events(std::string_view file, const std::vector<std::string>& path, read_summary& summary,
                      document_sink sink)
        : file_(file), path_(path), summary_(summary), sink_(sink), builder_(summary) {
        builder_.file = file;
    }

    bool scalar(value_kind kind, std::string_view text) override {
        if (in_entry_) { return builder_.scalar(kind, text, where) || too_large(); }
        if (in_collection()) { return start_entry() && builder_.scalar(kind, text, where) && finish_entry(); }
        if (is_target()) { return wrong_target(kind); }
        step();
        return true;
    }
    bool begin(value_kind container) override {
        if (in_entry_) { return builder_.begin(container, where); }
        if (in_collection()) { return start_entry() && builder_.begin(container, where); }
        if (is_target()) {
            if (found_) {
                failure = error_at(file_, where, "what --path names occurs twice");
                return false;
            }
            found_ = true;
            summary_.shape = container;
            collection_depth_ = levels_.size() + 1;
        }
        const bool leads_on = on_path_ == levels_.size() && (levels_.empty() || step_matches());
        levels_.push_back({container == value_kind::array, 0, {}});
        if (leads_on) { on_path_ = levels_.size(); }
        return true;
    }
    bool end(value_kind container) override {
        if (in_entry_) {
            if (!builder_.end(container)) { return too_large(); }
            return !builder_.is_whole() || finish_entry();
        }
        if (levels_.size() == collection_depth_) { collection_depth_ = 0; }
        levels_.pop_back();
        on_path_ = std::min(on_path_, levels_.size());
        step();
        return true;
    }
    bool name(std::string_view text) override {
        if (in_entry_) {
            builder_.name(text, where);
        } else {
            levels_.back().name = text;
        }
        return true;
    }

    bool found() const { return found_; }

private:
    struct level {
        bool is_array;
        std::size_t position;  // of the entry to come, in an array
        std::string name;      // of the entry to come, in an object
    };

    bool in_collection() const { return collection_depth_ != 0 && levels_.size() == collection_depth_; }
    bool step_matches() const {
        if (levels_.size() > path_.size()) { return false; }
        const auto& here = levels_.back();
        return path_[levels_.size() - 1] == (here.is_array ? std::to_string(here.position) : here.name);
    }
    // Is the value to come the one under the path?
    bool is_target() const {
        return levels_.size() == path_.size() && on_path_ == levels_.size() && (levels_.empty() || step_matches());
    }
    void step() {
        if (!levels_.empty()) { levels_.back().position += 1; }
    }
    bool wrong_target(value_kind kind) {
        failure = error_at(file_, where,
                           (path_.empty() ? "the file holds " : "--path names ") + std::string(name_of(kind))
                               + ", not an array or an object of documents");
        return false;
    }
    bool start_entry() {
        if (levels_.back().is_array) {
            builder_.start(std::nullopt);
        } else {
            builder_.start(levels_.back().name);
        }
        in_entry_ = true;
        return true;
    }
    bool finish_entry() {
        in_entry_ = false;
        summary_.documents += 1;
        step();
        const auto taken = sink_(builder_.built());
        if (!taken) { failure = taken.error(); }
        return taken.has_value();
    }
    bool too_large() {
        failure = error_at(file_, where, builder_.failure, errc::limit);
        return false;
    }

    std::string_view file_;
    const std::vector<std::string>& path_;
    read_summary& summary_;
    document_sink sink_;
    document_builder builder_;
    std::vector<level> levels_;
    std::size_t on_path_ = 0;
    std::size_t collection_depth_ = 0;  // 0: not inside
    bool found_ = false;
    bool in_entry_ = false;
};

// One line of NDJSON: the whole value is the document.
class line_events final : public json_events {
public:
    line_events(std::string_view file, document_builder& builder) : file_(file), builder_(builder) {
        builder_.file = file;
        builder_.start(std::nullopt);
    }
    bool scalar(value_kind kind, std::string_view text) override { return check(builder_.scalar(kind, text, where)); }
    bool begin(value_kind container) override { return check(builder_.begin(container, where)); }
    bool end(value_kind container) override { return check(builder_.end(container)); }
    bool name(std::string_view text) override {
        builder_.name(text, where);
        return true;
    }

private:
    bool check(bool fits) {
        if (!fits) { failure = error_at(file_, where, builder_.failure, errc::limit); }
        return fits;
    }
    std::string_view file_;
    document_builder& builder_;
};

bool is_blank(std::string_view line) { return line.find_first_not_of(" \t\r") == std::string_view::npos; }

}  // namespace

result<std::vector<std::string>> parse_path(std::string_view path) {
    std::vector<std::string> steps;
    if (path.empty()) { return steps; }
    const bool is_pointer = path.front() == '/';
    if (is_pointer) { path.remove_prefix(1); }
    for (;;) {
        const auto end = path.find(is_pointer ? '/' : '.');
        std::string step(path.substr(0, end));
        if (is_pointer) {
            for (std::size_t at = 0; (at = step.find('~', at)) != std::string::npos; ++at) {
                const char code = at + 1 < step.size() ? step[at + 1] : '\0';
                if (code != '0' && code != '1') {
                    return error{errc::invalid, "--path: in a JSON pointer, ~ is written ~0 and / inside a name ~1"};
                }
                step.replace(at, 2, 1, code == '0' ? '~' : '/');
            }
        } else if (step.empty()) {
            return error{errc::invalid, "--path: an empty step; a name with a dot in it needs the form /a.b/c"};
        }
        steps.push_back(std::move(step));
        if (end == std::string_view::npos) { return steps; }
        path.remove_prefix(end + 1);
    }
}

result<read_summary> read_json(byte_source& source, const std::vector<std::string>& path, document_sink sink) {
    read_summary summary;
    collection_events events(source.name(), path, summary, sink);
    if (auto read = read_json_events(source, events); !read) { return read.error(); }
    if (!events.found()) { return error{errc::not_found, std::string(source.name()) + " has nothing under --path"}; }
    return summary;
}

result<read_summary> read_ndjson(byte_source& source, document_sink sink) {
    read_summary summary;
    document_builder builder(summary);
    std::uint64_t line_number = 1;
    const auto take = [&](std::string_view line) -> status {
        if (line_number == 1 && line.starts_with("\xef\xbb\xbf")) { line.remove_prefix(3); }
        if (is_blank(line)) { return {}; }
        memory_source bytes(line, SIZE_MAX, source.name());
        line_events events(source.name(), builder);
        if (auto read = read_json_events(bytes, events, {line_number, 1}); !read) { return read; }
        summary.documents += 1;
        return sink(builder.built());
    };
    std::string unfinished;
    for (;;) {
        auto piece = source.next();
        if (!piece) { return piece.error(); }
        if (piece->empty()) { break; }
        std::string_view rest = *piece;
        for (auto end = rest.find('\n'); end != std::string_view::npos; end = rest.find('\n')) {
            auto line = rest.substr(0, end);
            if (!unfinished.empty()) {
                unfinished += line;
                line = unfinished;
            }
            if (auto taken = take(line); !taken) { return taken.error(); }
            unfinished.clear();
            rest.remove_prefix(end + 1);
            line_number += 1;
        }
        unfinished += rest;
        if (unfinished.size() > limits::document_bytes) {
            return error_at(source.name(), {line_number, 1}, "a line longer than any document may be", errc::limit);
        }
    }
    if (auto taken = take(unfinished); !taken) { return taken.error(); }
    return summary;
}

}  // namespace coppice::cli
