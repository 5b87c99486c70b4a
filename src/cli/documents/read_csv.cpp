#include <unordered_set>
#include <utility>

#include <cli/documents/readers.hpp>

namespace coppice::cli {
namespace {

// The fields of one row and where each begins, for errors.
struct csv_row {
    struct field {
        std::string text;
        text_position where;
        bool quoted = false;
    };
    std::vector<field> fields;  // the first `count` are this row's; the rest keep their memory
    std::size_t count = 0;
    std::uint64_t bytes = 0;

    field& add(text_position where) {
        if (count == fields.size()) { fields.emplace_back(); }
        auto& added = fields[count++];
        added.text.clear();
        added.where = where;
        added.quoted = false;
        return added;
    }
};

// Where the byte at `index` of a field stands in the file; a quote inside quotes is written twice.
text_position position_in(const csv_row::field& field, std::size_t index) {
    auto where = field.where;
    if (field.quoted) { where.column += 1; }
    for (std::size_t at = 0; at < index; ++at) {
        const char character = field.text[at];
        if (character == '\n') {
            where = {where.line + 1, 1};
        } else if ((static_cast<unsigned char>(character) & 0xc0) != 0x80) {
            where.column += field.quoted && character == '"' ? 2 : 1;
        }
    }
    return where;
}

class csv_parser {
public:
    csv_parser(std::string_view file, const csv_form& form, document_sink sink, read_summary& summary)
        : file_(file), form_(form), sink_(sink), summary_(summary) {
        summary_.columns = form.columns;
        if (!form.columns.empty()) { heading_known_ = true; }
    }

    status feed(std::string_view piece) {
        for (const char character : piece) {
            if (at_start_ < 3 && character == "\xef\xbb\xbf"[at_start_]) {  // a byte order mark
                at_start_ += 1;
                continue;
            }
            if (at_start_ < 3) {
                const unsigned pending = at_start_;
                at_start_ = 3;
                for (unsigned byte = 0; byte < pending; ++byte) {
                    if (auto taken = take("\xef\xbb\xbf"[byte]); !taken) { return taken; }
                }
            }
            if (auto taken = take(character); !taken) { return taken; }
        }
        return {};
    }
    status finish() {
        if (state_ == state::quoted) { return error_at(file_, quote_at_, "this quote is never closed"); }
        if (row_.count == 0) { return {}; }
        if (state_ == state::field_start) { row_.add(where_); }  // "a,b," at the end of the file
        return end_row();
    }

private:
    enum class state { row_start, field_start, plain, quoted, quote_in_quotes, carriage_return, comment };

    // One byte. The states are those of RFC 4180; a lone carriage return ends a line too.
    status take(char character) {
        if (state_ == state::carriage_return) {
            state_ = state::row_start;
            if (character == '\n') {
                if (!line_end_seen_) { summary_.line_end_is_crlf = true; }
                line_end_seen_ = true;
                return {};
            }
            line_end_seen_ = true;
        }
        const auto here = where_;
        advance(character);
        switch (state_) {
            case state::comment:
                if (character == '\n') { state_ = state::row_start; }
                return {};
            case state::row_start:
                if (character == '\n' || character == '\r') {  // a blank line
                    end_line(character);
                    return {};
                }
                if (form_.comment == character) {
                    state_ = state::comment;
                    return {};
                }
                row_.count = 0;
                row_.bytes = 0;
                row_at_ = here;
                [[fallthrough]];
            case state::field_start:
                field_ = &row_.add(here);  // also the empty one behind a delimiter that ends a line
                if (row_.count > limits::document_fields) {
                    return error_at(file_, here,
                                    "a row of more than " + std::to_string(limits::document_fields) + " fields",
                                    errc::limit);
                }
                if (character == '"') {
                    field_->quoted = true;
                    quote_at_ = here;
                    state_ = state::quoted;
                    return {};
                }
                state_ = state::plain;
                [[fallthrough]];
            case state::plain: return after_field(character, here, false);
            case state::quoted:
                if (character == '"') {
                    state_ = state::quote_in_quotes;
                    return {};
                }
                return append(character, here);
            case state::quote_in_quotes:
                if (character == '"') {
                    state_ = state::quoted;
                    return append(character, here);
                }
                return after_field(character, here, true);
            case state::carriage_return: break;
        }
        return {};
    }

    status after_field(char character, text_position here, bool closed) {
        if (character == form_.delimiter) {
            state_ = state::field_start;
            return {};
        }
        if (character == '\n' || character == '\r') {
            end_line(character);
            return end_row();
        }
        if (closed) {
            return error_at(file_, here,
                            "after a closing quote comes the delimiter or the end of the line; a quote "
                            "inside quotes is written twice");
        }
        return append(character, here);
    }
    status append(char character, text_position here) {
        if (++row_.bytes > form_.row_bytes_max) {
            return error_at(file_, here,
                            "a row longer than " + std::to_string(form_.row_bytes_max) + " bytes; is a quote missing?",
                            errc::limit);
        }
        field_->text += character;
        return {};
    }
    void advance(char character) {
        if (character == '\n' || (character == '\r' && state_ != state::quoted)) {
            where_ = {where_.line + 1, 1};
        } else if ((static_cast<unsigned char>(character) & 0xc0) != 0x80) {
            where_.column += 1;
        }
    }
    void end_line(char character) {
        state_ = character == '\r' ? state::carriage_return : state::row_start;
        if (character == '\n') { line_end_seen_ = true; }
    }

    status end_row() {
        const auto count = std::exchange(row_.count, 0);
        for (std::size_t index = 0; index < count; ++index) {
            const auto bad = find_bad_utf8(row_.fields[index].text);
            if (bad != std::string_view::npos) {
                return error_at(file_, position_in(row_.fields[index], bad),
                                "these bytes are not UTF-8; convert the file first, for instance with "
                                "iconv -f latin1 -t utf-8");
            }
        }
        return heading_known_ ? deliver(count) : take_heading(count);
    }
    status take_heading(std::size_t count) {
        std::unordered_set<std::string_view> seen;
        for (std::size_t index = 0; index < count; ++index) {
            const auto& field = row_.fields[index];
            if (!seen.insert(field.text).second) {
                return error_at(
                    file_, field.where,
                    "the heading names the column '" + printable(field.text) + "' twice; give names with --columns");
            }
            summary_.columns.push_back(field.text);
        }
        heading_known_ = true;
        return {};
    }
    status deliver(std::size_t count) {
        const auto& columns = summary_.columns;
        if (count > columns.size()) {
            return error_at(file_, row_.fields[columns.size()].where,
                            "a row of " + std::to_string(count) + " fields under " + std::to_string(columns.size())
                                + " columns; is the --delimiter right?");
        }
        built_.kind = value_kind::object;
        built_.where = row_at_;
        built_.members.resize(count);
        for (std::size_t index = 0; index < count; ++index) {
            built_.members[index].name = columns[index];
            built_.members[index].content.kind = value_kind::string;
            built_.members[index].content.text = row_.fields[index].text;
        }
        summary_.documents += 1;
        return sink_(built_);
    }

    std::string_view file_;
    const csv_form& form_;
    document_sink sink_;
    read_summary& summary_;
    state state_ = state::row_start;
    unsigned at_start_ = 0;  // bytes of a byte order mark seen; 3: past it
    bool line_end_seen_ = false;
    bool heading_known_ = false;
    text_position where_;
    text_position row_at_;
    text_position quote_at_;
    csv_row row_;
    csv_row::field* field_ = nullptr;
    document built_;
};

}  // namespace

result<read_summary> read_csv(byte_source& source, const csv_form& form, document_sink sink) {
    read_summary summary;
    csv_parser parser(source.name(), form, sink, summary);
    for (;;) {
        auto piece = source.next();
        if (!piece) { return piece.error(); }
        if (piece->empty()) { break; }
        if (auto taken = parser.feed(*piece); !taken) { return taken.error(); }
    }
    if (auto ended = parser.finish(); !ended) { return ended.error(); }
    return summary;
}

}  // namespace coppice::cli
