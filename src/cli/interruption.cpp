#include <cli/interruption.hpp>

namespace coppice::cli {
namespace {

volatile std::sig_atomic_t signal_seen = 0;

void see(int number) { signal_seen = number; }

}  // namespace

interruption::interruption() noexcept {
    signal_seen = 0;
    struct sigaction noting {};
    noting.sa_handler = see;
    noting.sa_flags = static_cast<int>(SA_RESETHAND);  // and no SA_RESTART: a read that waits ends
    ::sigaction(SIGINT, &noting, &interrupt_before_);
    ::sigaction(SIGTERM, &noting, &terminate_before_);
    // Who was started to ignore Ctrl-C (nohup, a shell's background) goes on ignoring it.
    if (interrupt_before_.sa_handler == SIG_IGN) { ::sigaction(SIGINT, &interrupt_before_, nullptr); }
    if (terminate_before_.sa_handler == SIG_IGN) { ::sigaction(SIGTERM, &terminate_before_, nullptr); }
}

interruption::~interruption() {
    ::sigaction(SIGINT, &interrupt_before_, nullptr);
    ::sigaction(SIGTERM, &terminate_before_, nullptr);
}

int interruption::signal() noexcept { return signal_seen; }

error interrupted() { return {errc::closed, "interrupted"}; }

}  // namespace coppice::cli
