// command/branches.cpp: branches and versions. ON and AT run another command elsewhere.
#include <command/dispatch.hpp>

namespace coppice {
namespace {

constexpr command rows[] = {
    {"AT", run_at, at_least(3), {}, access::admin, reply_type::any, "branch", "that of the command", "0.1",
     "Run a command that reads as of a version.", "reference command [arg ...]", ""},
    {"ON", run_on, at_least(3), {}, access::admin, reply_type::any, "branch", "that of the command", "0.1",
     "Run a command on a branch.", "branch command [arg ...]", ""},
};

}  // namespace

std::span<const command> branch_commands() noexcept { return rows; }

}  // namespace coppice
