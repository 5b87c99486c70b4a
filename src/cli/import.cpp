#include <cli/import.hpp>

#include <algorithm>

#include <cli/interruption.hpp>
#include <cli/keys.hpp>
#include <cli/output.hpp>
#include <cli/reply_view.hpp>

namespace coppice::cli {
namespace {

class importer {
public:
    importer(const import_plan& plan, command_runner& runner, import_note note, import_report& report)
        : plan_(plan), runner_(runner), note_(std::move(note)), report_(report) {
        note_.finished = false;
    }

    status take(const document& given) {
        if (taken_ == 0) {
            if (auto begun = begin(given); !begun) { return begun; }
        }
        auto id = id_of(given);
        if (!id) { return id.error(); }
        taken_ += 1;
        const auto key = plan_.prefix + ':' + *id;
        deletions_.push_back(batch_.size());
        ids_.push_back(std::move(*id));
        batch_.add({"DEL", key});
        add_value(given, key);
        if (is_full(batch_)) { return flush(); }
        return {};
    }
    // What is known only at the end, such as a CSV heading without rows.
    status finish(const read_summary& read) {
        if (!read.columns.empty()) { note_.columns = read.columns; }
        note_.crlf = read.line_end_is_crlf;
        if (taken_ == 0) { note_.shape = read.shape; }
        note_.finished = true;
        return flush();
    }
    // After an error in the source: what was read before it. Of nothing there is no note either, so that the next
    // import may be of any kind.
    status finish_early() { return failed_ || taken_ == 0 ? status() : flush(); }
    std::uint64_t taken() const { return taken_; }
    bool failed() const { return failed_; }  // to write

private:
    status begin(const document& first) {
        if (!first.is_named) { return {}; }
        if (!plan_.id_field.empty()) {
            return error_at(plan_.source, first.where,
                            "the entries of an object are named by its members; leave --id away");
        }
        note_.ids = "name";
        note_.shape = value_kind::object;
        return {};
    }
    result<std::string> id_of(const document& given) {
        if (plan_.id_field.empty()) { return note_.ids == "name" ? given.name : std::to_string(taken_); }
        const auto* found = given.kind == value_kind::object ? given.find(plan_.id_field) : nullptr;
        if (found == nullptr || is_container(found->kind) || found->kind == value_kind::null) {
            return error_at(plan_.source, given.where,
                            "document " + std::to_string(taken_ + 1) + " has no string or number in '" + plan_.id_field
                                + "'; choose another --id, or leave it away to count positions");
        }
        return found->text;
    }

    std::string stored_text(const value& content, digits_are& digits) const {
        return note_.is_raw() ? content.text : stored(content, digits);
    }
    void add_value(const document& given, std::string_view key) {
        if (!is_container(given.kind)) {
            batch_.add({"SET", key, stored_text({given.kind, given.text}, note_.typing.scalars)});
            return;
        }
        const bool is_object = given.kind == value_kind::object;
        if (note_.format == document_format::csv && given.members.size() > note_.columns.size()) {
            note_.columns.clear();
            for (const auto& member : given.members) { note_.columns.push_back(member.name); }
        }
        if (given.members.empty()) {
            batch_.add({"SET", key, is_object ? "{}" : "[]"});
            return;
        }
        std::size_t words = 0;
        for (const auto& member : given.members) {
            if (words == 0) {
                batch_.begin();
                batch_.word(is_object ? "HSET" : "RPUSH");
                batch_.word(key);
            }
            if (is_object) {
                batch_.word(member.name);
                batch_.word(stored_text(member.content, note_.typing.of_field(member.name)));
            } else {
                batch_.word(stored_text(member.content, note_.typing.elements));
            }
            words = words + 1 < words_per_command / 2 ? words + 1 : 0;
        }
    }

    status flush() {
        note_.documents = std::max(note_.documents, taken_);
        add_note(batch_, plan_.prefix, note_);
        auto replies = run_checked(runner_, batch_);
        batch_.clear();
        failed_ = !replies;
        if (!replies) { return replies.error(); }
        // Ids that are new go to the order; a key that was there keeps its place.
        std::size_t words = 0;
        const auto order = order_key(plan_.prefix);
        for (std::size_t index = 0; index < deletions_.size(); ++index) {
            if (number_of((*replies)[deletions_[index]]) != 0) {
                if (report_.replaced == 0) { report_.replaced_first = ids_[index]; }
                report_.replaced += 1;
                continue;
            }
            if (note_.ids == "position") { continue; }
            if (words == 0) {
                batch_.begin();
                batch_.word("RPUSH");
                batch_.word(order);
            }
            batch_.word(ids_[index]);
            words = (words + 1) % words_per_command;
        }
        deletions_.clear();
        ids_.clear();
        if (batch_.empty()) { return {}; }
        auto ordered = run_checked(runner_, batch_);
        batch_.clear();
        if (!ordered) { return ordered.error(); }
        return {};
    }

    const import_plan& plan_;
    command_runner& runner_;
    import_note note_;
    import_report& report_;
    std::uint64_t taken_ = 0;
    bool failed_ = false;
    command_batch batch_;
    std::vector<std::size_t> deletions_;  // the DEL of each document in the batch
    std::vector<std::string> ids_;        // and its id
};

/// `removed` says how many documents went, after an error too.
status remove_all(command_runner& runner, std::string_view prefix, std::uint64_t& removed) {
    const auto remove = [&](const std::vector<reply_value>& keys) -> status {
        if (keys.empty()) { return {}; }
        if (interruption::signal() != 0) { return interrupted(); }
        command_batch batch;
        batch.begin();
        batch.word("DEL");
        for (const auto& key : keys) { batch.word(key.text); }
        auto replies = run_checked(runner, batch);
        if (!replies) { return replies.error(); }
        removed += static_cast<std::uint64_t>(number_of(replies->front()));
        return {};
    };
    if (auto scanned = scan_keys(runner, pattern_of_prefix(std::string(prefix) + ':'), remove); !scanned) {
        return scanned.error();
    }
    const std::vector<reply_value> notes = {make_text(note_key(prefix)), make_text(order_key(prefix))};
    const auto documents = removed;
    auto done = remove(notes);
    removed = documents;
    return done;
}

// What `replace` has removed before the failure, and the way back to it.
error with_removed(error failure, const import_plan& plan, std::uint64_t removed, const std::string& before) {
    if (removed == 0) { return failure; }
    failure.context += " (--replace has removed the " + (removed == 1 ? "key" : human_count(removed) + " keys")
                       + " that " + (removed == 1 ? "was" : "were") + " under " + printable(plan.prefix) + ':'
                       + way_back(before) + ')';
    return failure;
}

// What is written, and the way back: whoever interrupts may not have meant to.
error interrupted_after(const import_plan& plan, std::uint64_t removed, std::uint64_t imported,
                        const std::string& before) {
    auto said = interrupted();
    if (removed + imported == 0) {
        said.context += "; nothing was changed";
        return said;
    }
    said.context += "; " + counted(imported, "document") + (imported == 1 ? " is" : " are") + " imported as "
                    + printable(plan.prefix) + ":...";
    if (removed != 0) { said.context += ", --replace has removed " + counted(removed, "key") + " of before"; }
    said.context += way_back(before);
    return said;
}

// The note to go on with: a new one, or the earlier import's, whose typing must be kept.
result<import_note> note_for(const import_plan& plan, command_runner& runner, bool& is_first) {
    import_note fresh;
    fresh.format = plan.format;
    fresh.ids = plan.id_field.empty() ? "position" : "field";
    fresh.id_field = plan.id_field;
    fresh.delimiter = plan.csv.delimiter;
    fresh.heading = plan.csv.columns.empty();
    fresh.columns = plan.csv.columns;
    auto earlier = read_note(runner, plan.prefix);
    if (!earlier) { return earlier.error(); }
    is_first = !*earlier;
    if (is_first) { return fresh; }
    const auto& old = **earlier;
    const bool same_ids = old.id_field == fresh.id_field && (old.ids == "field") == (fresh.ids == "field");
    if (old.is_raw() != fresh.is_raw() || !same_ids) {
        return error{errc::conflict, "'" + plan.prefix + "' holds an import of another kind "
                                         + (old.finished ? "(" : "that broke off (") + std::string(name_of(old.format))
                                         + ", named by " + (old.ids == "field" ? "the field " + old.id_field : old.ids)
                                         + "); give --replace to remove it first, or another PREFIX"};
    }
    fresh.typing = old.typing;
    fresh.documents = old.ids == "position" ? old.documents : 0;
    return fresh;
}

}  // namespace

std::string version_now(command_runner& runner) {
    const auto branch = checked(runner.run({"BRANCH", "CURRENT"}));
    const auto time = checked(runner.run({"TIME"}));
    if (!branch || !time || time->items.size() != 2) { return {}; }
    const auto fraction = text_of(time->items[1]);
    if (fraction.size() > 6) { return {}; }
    return text_of(*branch) + '@' + text_of(time->items[0]) + '.' + std::string(6 - fraction.size(), '0') + fraction;
}

std::string way_back(const std::string& before) {
    if (before.empty()) { return {}; }
    return "; `coppice exec REWIND " + before.substr(0, before.find('@')) + ' ' + before
           + "` takes the branch back to its last restore point before that";
}

result<import_report> import_documents(const import_plan& plan, command_runner& runner, progress& shown) {
    import_report report;
    std::unique_ptr<byte_source> source;
    if (plan.format != document_format::folder) {
        auto opened = open_source(plan.source);
        if (!opened) { return opened.error(); }
        source = std::move(*opened);
    }
    const auto before = version_now(runner);
    if (plan.replace) {
        if (const auto removed = remove_all(runner, plan.prefix, report.removed); !removed) {
            return interruption::signal() == 0 ? removed.error() : interrupted_after(plan, report.removed, 0, before);
        }
    }
    auto note = note_for(plan, runner, report.is_first);
    if (!note) { return with_removed(note.error(), plan, report.removed, before); }
    importer importing(plan, runner, std::move(*note), report);
    const auto sink = [&](const document& given) -> status {
        if (interruption::signal() != 0) { return interrupted(); }
        auto taken = importing.take(given);
        shown.at(source ? source->bytes_read() : 0, source ? source->bytes_total() : std::nullopt, importing.taken());
        return taken;
    };
    const auto read = [&]() -> result<read_summary> {
        switch (plan.format) {
            case document_format::json: return read_json(*source, plan.path, sink);
            case document_format::ndjson: return read_ndjson(*source, sink);
            case document_format::csv: return read_csv(*source, plan.csv, sink);
            case document_format::folder: break;
        }
        return read_folder(plan.source, sink);
    }();
    const auto finished = read ? importing.finish(*read) : importing.finish_early();
    shown.done();
    if (!read && finished && !importing.failed() && interruption::signal() != 0) {
        return interrupted_after(plan, report.removed, importing.taken(), before);
    }
    if (!read) {
        auto failure = read.error();
        if (importing.taken() != 0) {
            failure.context += importing.taken() == 1
                                   ? " (the document before it is imported)"
                                   : " (the " + human_count(importing.taken()) + " documents before it are imported)";
        }
        return with_removed(std::move(failure), plan, report.removed, before);
    }
    if (!finished) { return with_removed(finished.error(), plan, report.removed, before); }
    report.read = *read;
    return report;
}

}  // namespace coppice::cli
