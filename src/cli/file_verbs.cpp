// import and export.
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>

#include <cli/documents/writers.hpp>
#include <cli/import.hpp>
#include <cli/interruption.hpp>
#include <cli/reply_view.hpp>
#include <cli/verb.hpp>

namespace coppice::cli {
namespace {

result<char> delimiter_in(verb_call& call, std::string_view text) {
    if (text == "tab" || text == "\\t") { return '\t'; }
    if (text.size() != 1 || text[0] == '"' || text[0] == '\n' || text[0] == '\r') {
        return call.wrong_usage("--delimiter takes one character such as ; or the word tab");
    }
    return text[0];
}

std::vector<std::string> names_in(std::string_view text) {
    std::vector<std::string> names;
    for (;;) {
        const auto comma = text.find(',');
        names.emplace_back(text.substr(0, comma));
        if (comma == std::string_view::npos) { return names; }
        text.remove_prefix(comma + 1);
    }
}

result<std::optional<document_format>> format_given(verb_call& call, std::string_view file) {
    if (const auto name = call.given.find("--format")) {
        const auto format = format_called(*name);
        if (!format) { return call.wrong_usage("--format takes json, ndjson, csv or folder, not '" + *name + "'"); }
        return format;
    }
    return file == "-" ? std::nullopt : format_of_file(file);
}

// The file's name without folder and ending.
std::string prefix_of(std::string_view source) {
    while (source.size() > 1 && source.ends_with('/')) { source.remove_suffix(1); }
    return std::filesystem::path(source).stem().string();
}

status show_redis_report(verb_call& call, const redis_report& report, double seconds) {
    std::uint64_t keys = 0;
    std::vector<reply_value> taken;
    std::vector<reply_value> others;
    for (const auto& [type, count] : report.taken) {
        keys += count;
        taken.push_back(make_map({{"type", make_text(type)}, {"keys", make_number(static_cast<std::int64_t>(count))}}));
    }
    for (const auto& [type, count] : report.others) {
        others.push_back(
            make_map({{"type", make_text(type)}, {"keys", make_number(static_cast<std::int64_t>(count))}}));
    }
    if (call.shown.json()) {
        call.shown.print_json(make_map({{"keys", make_number(static_cast<std::int64_t>(keys))},
                                        {"with_deadline", make_number(static_cast<std::int64_t>(report.with_deadline))},
                                        {"taken", make_list(std::move(taken))},
                                        {"left_behind", make_list(std::move(others))}}));
        return {};
    }
    call.shown.line("imported " + counted(keys, "key") + " in " + human_seconds(seconds)
                    + (report.with_deadline == 0 ? "" : ", " + counted(report.with_deadline, "deadline") + " kept"));
    std::vector<std::vector<cell>> rows;
    for (const auto& [type, count] : report.taken) { rows.push_back({{type}, {human_count(count)}, {"imported"}}); }
    for (const auto& [type, count] : report.others) {
        rows.push_back({{type}, {human_count(count)}, {"left behind: no such type here", style::bad}});
    }
    call.shown.table({{"TYPE"}, {"KEYS", align::right}, {""}}, rows);
    return {};
}

error failed_import(verb_call& call, error failure) {
    if (const int number = interruption::signal(); number != 0) { call.exit_code = 128 + number; }
    return failure;
}

constexpr std::string_view options_of_documents[] = {"PREFIX",      "--prefix",  "--format",  "--path",   "--id",
                                                     "--delimiter", "--columns", "--comment", "--replace"};

status run_redis_import(verb_call& call, const std::string& source) {
    const auto where = parse_location(source);
    if (!where) { return call.wrong_usage(where.error().context); }
    for (const auto name : options_of_documents) {
        if (!call.given.has(name)) { continue; }
        return call.wrong_usage("keys of another server keep their names, so " + std::string(name)
                                + " is not for them; --match 'PATTERN' picks some");
    }
    auto from = call.around.open(*where);
    if (!from) { return from.error(); }
    auto to = call.runner();
    if (!to) { return to.error(); }
    progress shown(call.around.err, call.shown.err_is_terminal(), "importing", "key", call.around.clock);
    const interruption noted;
    auto report = import_redis(**from, **to, call.given.text("--match", "*"), call.around.clock, shown);
    if (!report) { return failed_import(call, report.error()); }
    return show_redis_report(call, *report, shown.seconds());
}

void show_import(verb_call& call, const import_plan& plan, const import_report& report, double seconds) {
    const auto& read = report.read;
    if (read.duplicate_members != 0) {
        call.shown.warn(counted(read.duplicate_members, "earlier value") + " of a member that occurs twice "
                        + (read.duplicate_members == 1 ? "was" : "were") + " dropped, the first at "
                        + read.duplicate_example);
    }
    if (read.skipped_count != 0) {
        std::string names;
        for (const auto& name : read.skipped) { names += (names.empty() ? "" : ", ") + printable(name); }
        call.shown.warn(human_count(read.skipped_count) + (read.skipped_count == 1 ? " entry" : " entries")
                        + " skipped that " + (read.skipped_count == 1 ? "is no file: " : "are no files: ") + names
                        + (read.skipped_count > read.skipped.size() ? ", ..." : ""));
    }
    if (call.shown.json()) {
        call.shown.print_json(
            make_map({{"prefix", make_text(plan.prefix)},
                      {"documents", make_number(static_cast<std::int64_t>(read.documents))},
                      {"replaced", make_number(static_cast<std::int64_t>(report.replaced))},
                      {"removed", make_number(static_cast<std::int64_t>(report.removed))},
                      {"duplicate_members", make_number(static_cast<std::int64_t>(read.duplicate_members))},
                      {"skipped", make_number(static_cast<std::int64_t>(read.skipped_count))}}));
        return;
    }
    call.shown.line("imported " + counted(read.documents, "document") + " as " + printable(plan.prefix) + ":... in "
                    + human_seconds(seconds));
    if (report.removed != 0) { call.shown.line("removed " + counted(report.removed, "key") + " of an earlier import"); }
    if (report.replaced != 0 && report.is_first && plan.format != document_format::folder) {
        call.shown.line(counted(report.replaced, "document") + " replaced an earlier one of the same id"
                        + (plan.replace ? "" : " or a key that was there") + ", the first "
                        + printable(plan.prefix + ':' + report.replaced_first));
    } else if (report.replaced != 0) {
        call.shown.line("replaced " + counted(report.replaced, "key")
                        + (report.replaced == 1 ? " that was there" : " that were there"));
    }
}

status run_import(verb_call& call) {
    call.opens = folder_use::makes;
    const auto source = call.given.text("SOURCE");
    if (source.starts_with("redis://") || source.starts_with("coppice://")) { return run_redis_import(call, source); }
    import_plan plan;
    plan.source = source;
    auto format = format_given(call, source);
    if (!format) { return format.error(); }
    if (!*format) {
        return call.wrong_usage("the name '" + source + "' does not say its format; give --format json, ndjson, csv "
                                                        "or folder");
    }
    plan.format = **format;
    plan.prefix = call.given.text("PREFIX", call.given.text("--prefix", source == "-" ? "" : prefix_of(source)));
    if (plan.prefix.empty()) { return call.wrong_usage("PREFIX is missing: the keys will be PREFIX:ID"); }
    plan.id_field = call.given.text("--id");
    auto path = parse_path(call.given.text("--path"));
    if (!path) { return call.wrong_usage(path.error().context); }
    if (!path->empty() && plan.format != document_format::json) { return call.wrong_usage("--path is for JSON"); }
    if (!plan.id_field.empty() && plan.format == document_format::folder) {
        return call.wrong_usage("--id is not for folders: files are named by their paths");
    }
    plan.path = std::move(*path);
    plan.replace = call.given.has("--replace");
    if (source.ends_with(".tsv")) { plan.csv.delimiter = '\t'; }
    if (const auto text = call.given.find("--delimiter")) {
        auto delimiter = delimiter_in(call, *text);
        if (!delimiter) { return delimiter.error(); }
        plan.csv.delimiter = *delimiter;
    }
    if (const auto text = call.given.find("--comment")) {
        if (text->size() != 1) { return call.wrong_usage("--comment takes one character such as #"); }
        plan.csv.comment = text->front();
    }
    if (const auto text = call.given.find("--columns")) { plan.csv.columns = names_in(*text); }
    auto runner = call.runner();
    if (!runner) { return runner.error(); }
    progress shown(call.around.err, call.shown.err_is_terminal(), "importing", "document", call.around.clock);
    const interruption noted;
    auto report = import_documents(plan, **runner, shown);
    if (!report) { return failed_import(call, report.error()); }
    show_import(call, plan, *report, shown.seconds());
    return {};
}

// A file that takes its name only when it is whole.
class whole_file {
public:
    explicit whole_file(std::string path)
        : path_(std::move(path)), fresh_(path_ + ".part" + std::to_string(::getpid())) {}
    ~whole_file() {
        if (out_.is_open()) {
            std::error_code ignored;
            out_.close();
            if (fresh_ != path_) { std::filesystem::remove(fresh_, ignored); }
        }
    }
    whole_file(const whole_file&) = delete;
    whole_file& operator=(const whole_file&) = delete;

    status open() {
        std::error_code failed;
        const auto there = std::filesystem::status(path_, failed);
        if (std::filesystem::exists(there) && !std::filesystem::is_regular_file(there)) { fresh_ = path_; }  // /dev/...
        out_.open(fresh_, std::ios::binary | std::ios::trunc);
        if (out_) { return {}; }
        return system_error("cannot write", path_, errno);
    }
    status keep() {
        out_.flush();
        if (!out_) { return system_error("cannot write", path_, errno); }
        out_.close();
        if (fresh_ == path_) { return {}; }
        std::error_code failed;
        std::filesystem::rename(fresh_, path_, failed);
        if (failed) { return system_error("cannot write", path_, failed.value()); }
        return {};
    }
    std::ostream& out() { return out_; }

private:
    std::string path_;
    std::string fresh_;
    std::ofstream out_;
};

status run_export(verb_call& call) {
    export_plan plan;
    plan.prefix = call.given.text("PREFIX");
    const auto target = call.given.text("FILE", "-");
    auto format = format_given(call, target);
    if (!format) { return format.error(); }
    plan.format = *format;
    auto path = parse_path(call.given.text("--path"));
    if (!path) { return call.wrong_usage(path.error().context); }
    plan.path = std::move(*path);
    if (target.ends_with(".tsv")) { plan.delimiter = '\t'; }
    if (const auto text = call.given.find("--delimiter")) {
        auto delimiter = delimiter_in(call, *text);
        if (!delimiter) { return delimiter.error(); }
        plan.delimiter = *delimiter;
    }
    if (const auto text = call.given.find("--columns")) { plan.columns = names_in(*text); }
    plan.without_heading = call.given.has("--no-heading");
    auto runner = call.runner();
    if (!runner) { return runner.error(); }

    std::optional<whole_file> file;
    const auto make_writer = [&](const import_note& note) -> result<std::unique_ptr<document_writer>> {
        const auto to = plan.format.value_or(note.format);
        if (to == document_format::folder) {
            if (target == "-") {
                return call.wrong_usage("files need a folder to go to: coppice export PREFIX FOLDER");
            }
            return make_folder_writer(target);
        }
        const auto ending = std::filesystem::path(target).extension().string();
        if (!plan.format && target != "-" && !ending.empty()) {
            return call.wrong_usage("the ending '" + ending
                                    + "' names no format; end it in .json, .ndjson, .jsonl, .csv or .tsv, or give "
                                      "--format json, ndjson, csv or folder");
        }
        if (target != "-") {
            file.emplace(target);
            if (auto opened = file->open(); !opened) { return opened.error(); }
        }
        std::ostream& out = file ? file->out() : call.around.out;
        if (to == document_format::ndjson) { return make_ndjson_writer(out); }
        if (to == document_format::json) { return make_json_writer(out, note.shape, plan.path); }
        csv_output form{plan.delimiter.value_or(note.delimiter), note.heading && !plan.without_heading, note.crlf,
                        plan.columns.empty() ? note.columns : plan.columns, !plan.columns.empty()};
        return make_csv_writer(out, std::move(form));
    };
    progress shown(call.around.err, call.shown.err_is_terminal() && !(target == "-" && call.shown.out_is_terminal()),
                   "exporting", "document", call.around.clock);
    auto documents = export_documents(plan, **runner, shown, make_writer);
    shown.done();
    if (!documents) { return documents.error(); }
    if (file) {
        if (auto kept = file->keep(); !kept) { return kept; }
    }
    if (target == "-") { return {}; }
    if (call.shown.json()) {
        call.shown.print_json(
            make_map({{"documents", make_number(static_cast<std::int64_t>(*documents))}, {"file", make_text(target)}}));
    } else {
        call.shown.line("exported " + counted(*documents, "document") + " to " + printable(target, SIZE_MAX));
    }
    return {};
}

constexpr std::string_view import_details =
    "Each entry of the top array or object, or of the one under --path, becomes a key PREFIX:ID. ID is the value\n"
    "of the field --id, else the entry's position, its name in an object, or its path in a folder. An object becomes\n"
    "a hash, an array a list, a scalar a string; what is nested deeper stays JSON text in its field. CSV rows are\n"
    "hashes, files are strings. An entry that is there already is replaced. The source is read as a stream.";

}  // namespace

std::vector<verb> file_verbs() {
    return {
        {"Files",
         "import",
         "Read JSON, NDJSON, CSV, a folder of files, or another server",
         import_details,
         {{"SOURCE", "A file, a folder, - for standard input, or redis://host:port[/db]", true, false, completes::file},
          {"PREFIX", "What the keys begin with; the file's name without it", false}},
         {{"--format", "FORMAT", "json, ndjson, csv or folder; else by the file's name"},
          {"--prefix", "PREFIX", "The same as the word PREFIX"},
          {"--path", "PATH", "JSON: where the documents are, as a.b.c or /a/b/c"},
          {"--id", "FIELD", "The field whose value names the document"},
          {"--delimiter", "CHAR", "CSV: what parts the fields; , if not given, `tab` for a tab"},
          {"--columns", "A,B,...", "CSV: the columns' names, for a file without a heading"},
          {"--comment", "CHAR", "CSV: lines that begin with it are skipped"},
          {"--replace", "", "Delete what is under PREFIX first"},
          {"--match", "PATTERN", "redis://: only the keys that match"}},
         {{"import countries.json --path countries --id code", "keys countries:FR, countries:DE, ..."},
          {"import events.ndjson", "keys events:0, events:1, ..."},
          {"import Blocks.txt --format csv --delimiter ';' --comment '#' --columns range,name --id range",
           "a table of Unicode: keys Blocks:0000..007F, ..."},
          {"import ./site pages", "each file a key pages:PATH"},
          {"import redis://127.0.0.1:6379", "strings, lists, hashes and sets with their deadlines"}},
         rest_words::refused,
         run_import},
        {"Files",
         "export",
         "Write the documents under a prefix to a file, as they were imported",
         "Without --format the format of the file's name, else of the import; JSON if there was none. --path wraps\n"
         "the documents in those names, as import's --path took them off.",
         {{"PREFIX", "What the keys begin with"},
          {"FILE", "A file, a folder, or - for standard output", false, false, completes::file}},
         {{"--format", "FORMAT", "json, ndjson, csv or folder"},
          {"--path", "PATH", "JSON: wrap the documents, as a.b.c or /a/b/c"},
          {"--delimiter", "CHAR", "CSV: what parts the fields"},
          {"--columns", "A,B,...", "CSV: only these fields, in this order"},
          {"--no-heading", "", "CSV: without the line of names"}},
         {{"export countries countries.json --path countries", ""},
          {"export countries --format csv --columns code,name", "on standard output"},
          {"export pages ./site --branch draft", "the files of a branch"}},
         rest_words::refused,
         run_export},
    };
}

}  // namespace coppice::cli
