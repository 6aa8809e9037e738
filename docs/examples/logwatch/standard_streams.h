// The program's standard streams, without buffers of our own: what was written is out, or an error is known.

#ifndef DOCS_EXAMPLES_LOGWATCH_STANDARD_STREAMS_H_
#define DOCS_EXAMPLES_LOGWATCH_STANDARD_STREAMS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace logwatch {

// Makes the use of a stream that the caller has closed fail, instead of hitting the next file that the program opens;
// and a write to a pipe that nobody reads an error, instead of the end of the program. Call first.
void PrepareStandardStreams();

// Writes all of `bytes` to the file `fd`, whose name is `name` in errors.
absl::Status WriteAll(int fd, absl::string_view name, absl::string_view bytes);

// Writes to standard output.
absl::Status Print(absl::string_view text);

// Writes "logwatch: MESSAGE" and a newline to standard error, in one piece; on a terminal, in the place of a
// progress bar. May be called from any thread.
void PrintMessage(absl::string_view message);

// `text` with control characters as \xHH: lines of a log do not get to steer the terminal.
std::string Printable(absl::string_view text);

}  // namespace logwatch

#endif  // DOCS_EXAMPLES_LOGWATCH_STANDARD_STREAMS_H_
