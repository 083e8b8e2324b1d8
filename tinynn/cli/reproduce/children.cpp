#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <map>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include <tinynn/cli/checkpoints.hpp>
#include <tinynn/cli/reproduce/children.hpp>
#include <tinynn/core/error.hpp>
#include <tinynn/io/one_line.hpp>

namespace tinynn::cli {
namespace {

volatile std::sig_atomic_t told_to_end = 0;
void note_end(int signal) { told_to_end = signal; }

// Notes signals while it lives. A wait ends with them.
class SignalNote {
 public:
  SignalNote() {
    told_to_end = 0;
    struct sigaction action {};
    action.sa_handler = note_end;
    for (size_t i = 0; i < 2; ++i) sigaction(signals[i], &action, &before_[i]);
  }
  ~SignalNote() {
    for (size_t i = 0; i < 2; ++i) sigaction(signals[i], &before_[i], nullptr);
  }
  SignalNote(const SignalNote&) = delete;
  SignalNote& operator=(const SignalNote&) = delete;

 private:
  static constexpr int signals[] = {SIGINT, SIGTERM};
  struct sigaction before_[2];
};

std::string own_program() {
  std::error_code unknown;
  const auto path = std::filesystem::read_symlink("/proc/self/exe", unknown);
  return unknown ? "tinynn" : path.string();
}

// Of this process, but for what mpirun tells it: children are runs by themselves.
std::vector<char*> environment_of_children() {
  std::vector<char*> variables;
  for (char** at = environ; *at != nullptr; ++at) {
    const std::string_view variable = *at;
    const bool is_mpi = variable.starts_with("OMPI_COMM_") || variable.starts_with("PMI");
    if (!is_mpi) variables.push_back(*at);
  }
  variables.push_back(nullptr);
  return variables;
}

// Between fork() and exec() only what may be called there.
pid_t start(const std::string& program, const std::vector<std::string>& words,
            const std::filesystem::path& log) {
  std::vector<char*> arguments{const_cast<char*>("tinynn")};
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  std::vector<char*> environment = environment_of_children();
  const pid_t parent = getpid(), child = fork();
  check(child >= 0, "reproduce: cannot start a process: ", std::strerror(errno));
  if (child > 0) return child;
  setpgid(0, 0);  // a Ctrl-C of the terminal is the parent's to hand on
#ifdef __linux__
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != parent) _exit(1);
#else
  (void)parent;
#endif
  const int file = open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666),
            nothing = open("/dev/null", O_RDONLY);
  if (file < 0 || nothing < 0) _exit(126);
  dup2(nothing, 0);
  dup2(file, 1);
  dup2(file, 2);
  environ = environment.data();
  execvp(program.c_str(), arguments.data());
  _exit(127);
}

std::string last_line(const std::filesystem::path& log) {
  std::ifstream in(log);
  std::string last = "it printed nothing";
  for (std::string line; std::getline(in, line);) {
    if (!line.empty()) last = line;
  }
  return io::detail::one_line(last, 200);
}

}  // namespace

void run_children(const std::vector<ChildJob>& jobs, int64_t at_once,
                  const std::function<void(size_t job)>& done) {
  const SignalNote note;
  const std::string program = own_program();
  struct Running {
    size_t job, command;
  };
  std::map<pid_t, Running> running;
  const auto end_all = [&](int signal) {
    for (const auto& [pid, what] : running) kill(pid, signal);
  };
  std::string error;
  size_t next = 0;
  bool handed_on = false;
  try {
    while (!running.empty() || (next < jobs.size() && error.empty() && told_to_end == 0)) {
      while (std::ssize(running) < at_once && next < jobs.size() && error.empty() && told_to_end == 0) {
        running[start(program, jobs[next].commands[0], jobs[next].log)] = {next, 0};
        ++next;
      }
      if (told_to_end != 0 && !std::exchange(handed_on, true)) end_all(SIGTERM);
      int status = 0;
      const pid_t ended = waitpid(-1, &status, 0);
      const auto found = running.find(ended);
      if (found == running.end()) continue;  // a signal
      auto [job, command] = found->second;
      running.erase(found);
      if (told_to_end != 0) continue;
      if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        if (error.empty()) {
          error =
              "reproduce: tinynn " + jobs[job].commands[command][0] + " failed: " + last_line(jobs[job].log);
          end_all(SIGTERM);
        }
      } else if (++command < jobs[job].commands.size() && error.empty()) {
        running[start(program, jobs[job].commands[command], jobs[job].log)] = {job, command};
      } else if (command == jobs[job].commands.size()) {
        done(job);
      }
    }
  } catch (...) {
    end_all(SIGTERM);
    for (const auto& [pid, what] : running) waitpid(pid, nullptr, 0);
    throw;
  }
  if (told_to_end != 0)
    throw Interrupted{"interrupted; the same command goes on where it was", 128 + told_to_end};
  check(error.empty(), error);
}

}  // namespace tinynn::cli
