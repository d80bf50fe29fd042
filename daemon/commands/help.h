/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The help that the program prints, made of the tables of commands and flags, within 80 columns,
 * because that is what a terminal has at least. It knows no command by name. */

#include "commands/table.h"

/* Of one command; with COMMAND_COUNT of all. */
void help_print(enum command_id command);
