# SPDX-License-Identifier: Apache-2.0
# A server's words as a part of one line of a log: nothing that steers a terminal, nothing that a runner obeys.
def line: gsub("[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}]+"; " ") | gsub("##\\["; "# #[");
