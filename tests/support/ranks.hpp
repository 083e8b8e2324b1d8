// Processes that share a training, without MPI: forked, each joined to the first by a pair of sockets.
#pragma once

#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <tinynn/core/error.hpp>
#include <tinynn/train/reduce.hpp>

namespace test {

inline void send_bytes(int socket, const void* from, size_t count) {
  for (const char* at = static_cast<const char*>(from); count > 0;) {
    const ssize_t sent = ::send(socket, at, count, MSG_NOSIGNAL);
    tinynn::check(sent > 0, "a rank is gone");
    at += sent;
    count -= static_cast<size_t>(sent);
  }
}
inline void receive_bytes(int socket, void* to, size_t count) {
  for (char* at = static_cast<char*>(to); count > 0;) {
    const ssize_t got = ::recv(socket, at, count, 0);
    tinynn::check(got > 0, "a rank is gone");
    at += got;
    count -= static_cast<size_t>(got);
  }
}
inline void send_text(int socket, const std::string& text) {
  const uint64_t size = text.size();
  send_bytes(socket, &size, sizeof size);
  send_bytes(socket, text.data(), text.size());
}
inline std::string receive_text(int socket) {
  uint64_t size = 0;
  receive_bytes(socket, &size, sizeof size);
  std::string text(size, ' ');
  receive_bytes(socket, text.data(), size);
  return text;
}

class SocketReduce : public tinynn::train::Reduce {
 public:
  /// Of the first rank the sockets to all others; of another one the socket to the first.
  SocketReduce(int64_t rank, int64_t ranks, std::vector<int> sockets)
      : rank_(rank), ranks_(ranks), sockets_(std::move(sockets)) {}
  int64_t rank() const override { return rank_; }
  int64_t ranks() const override { return ranks_; }
  void sum(std::span<float> values) override { sum_of(values); }
  void sum(std::span<double> values) override { sum_of(values); }
  std::string first_of(const std::string& text) override {
    if (rank_ > 0) {
      send_text(sockets_[0], text);
      return receive_text(sockets_[0]);
    }
    std::string first = text;
    for (const int socket : sockets_) {
      const std::string other = receive_text(socket);
      if (first.empty()) first = other;
    }
    for (const int socket : sockets_) send_text(socket, first);
    return first;
  }

 private:
  template <class T>
  void sum_of(std::span<T> values) {
    if (rank_ > 0) {
      send_bytes(sockets_[0], values.data(), values.size_bytes());
      return receive_bytes(sockets_[0], values.data(), values.size_bytes());
    }
    std::vector<std::vector<T>> all{{values.begin(), values.end()}};
    for (const int socket : sockets_) {
      receive_bytes(socket, all.emplace_back(values.size()).data(), values.size_bytes());
    }
    for (size_t step = 1; step < all.size(); step *= 2) {
      for (size_t r = 0; r < all.size(); r += 2 * step) {
        for (size_t i = 0; i < values.size(); ++i) all[r][i] += all[r + step][i];
      }
    }
    std::copy(all[0].begin(), all[0].end(), values.begin());
    for (const int socket : sockets_) send_bytes(socket, values.data(), values.size_bytes());
  }

  int64_t rank_, ranks_;
  std::vector<int> sockets_;
};

/// What `work` returns on each of so many ranks; of one that throws, "error: " and what it threw.
inline std::vector<std::string> on_ranks(int64_t ranks,
                                         const std::function<std::string(tinynn::train::Reduce&)>& work) {
  const auto result_of = [&](tinynn::train::Reduce& reduce) {
    try {
      return work(reduce);
    } catch (const std::exception& error) {
      return std::string("error: ") + error.what();
    }
  };
  std::vector<int> sockets, results;
  std::vector<pid_t> children;
  for (int64_t rank = 1; rank < ranks; ++rank) {
    int sums[2], result[2];
    tinynn::check(
        socketpair(AF_UNIX, SOCK_STREAM, 0, sums) == 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, result) == 0,
        "no sockets");
    const pid_t child = fork();
    if (child == 0) {
      SocketReduce reduce(rank, ranks, {sums[1]});
      send_text(result[1], result_of(reduce));
      _exit(0);
    }
    sockets.push_back(sums[0]);
    results.push_back(result[0]);
    children.push_back(child);
    close(sums[1]);
    close(result[1]);
  }
  SocketReduce reduce(0, ranks, sockets);
  std::vector<std::string> all{result_of(reduce)};
  for (size_t k = 0; k < children.size(); ++k) {
    all.push_back(receive_text(results[k]));
    waitpid(children[k], nullptr, 0);
    close(sockets[k]);
    close(results[k]);
  }
  return all;
}

}  // namespace test
