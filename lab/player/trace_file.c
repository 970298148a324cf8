// SPDX-License-Identifier: GPL-2.0
/* Recorded traces. See trace_file.h. */
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "trace_file.h"

/* A number below @bound; moves *@text behind it. strtoul() alone takes "-1". */
static bool take_number(const char **text, unsigned long bound,
			uint16_t *ret_number)
{
	unsigned long number;
	char *end;

	while (isblank((unsigned char)**text))
		(*text)++;
	if (!isdigit((unsigned char)**text))
		return false;
	errno = 0;
	number = strtoul(*text, &end, 10);
	if (errno || number >= bound)
		return false;
	if (*end && !isspace((unsigned char)*end))
		return false;
	*text = end;
	*ret_number = number;
	return true;
}

/* NULL when the line is a step, else what is wrong with it. */
static const char *parse_step(const char *text, struct trace_step *ret_step)
{
	struct trace_step step;

	if (!take_number(&text, TRACE_CR3S_MAX, &step.cr3))
		return "address space is not a number from 0 to 63";
	if (!take_number(&text, TRACE_REGIONS_MAX, &step.region))
		return "region is not a number from 0 to 2047";
	if (!take_number(&text, TRACE_PAGES_PER_REGION, &step.page))
		return "page is not a number from 0 to 511";
	if (text[strspn(text, " \t\r\n")])
		return "more than three numbers";
	*ret_step = step;
	return NULL;
}

static int append(struct trace_file *file, size_t *room, struct trace_step step)
{
	if (file->nsteps == *room) {
		size_t more = *room ? *room * 2 : 1024;
		struct trace_step *steps = reallocarray(file->steps, more,
							sizeof(*steps));

		if (!steps)
			return -ENOMEM;
		file->steps = steps;
		*room = more;
	}
	file->steps[file->nsteps++] = step;
	return 0;
}

static int say(char *error, const char *name, size_t line, const char *what,
	       int code)
{
	if (line)
		snprintf(error, TRACE_FILE_ERROR_SIZE, "%s:%zu: %s", name, line,
			 what);
	else
		snprintf(error, TRACE_FILE_ERROR_SIZE, "%s: %s", name, what);
	return code;
}

/* One line; a NUL byte ends the text for us, hence is refused. */
static int take_line(char *line, size_t length, struct trace_file *file,
		     size_t *room, const char **ret_wrong)
{
	struct trace_step step;

	*ret_wrong = NULL;
	if (strlen(line) != length) {
		*ret_wrong = "not text";
		return -EINVAL;
	}
	line[strcspn(line, "#")] = '\0';
	if (!line[strspn(line, " \t\r\n")])
		return 0;
	*ret_wrong = parse_step(line, &step);
	if (*ret_wrong)
		return -EINVAL;
	return append(file, room, step);
}

int trace_file_read(FILE *stream, const char *name, char *error,
		    struct trace_file *ret_file)
{
	struct trace_file file = { 0 };
	size_t room = 0, size = 0, number = 0;
	const char *wrong;
	char *line = NULL;
	ssize_t length;
	int ret = 0;

	while (!ret && (length = getline(&line, &size, stream)) >= 0) {
		number++;
		ret = take_line(line, length, &file, &room, &wrong);
		if (ret)
			say(error, name, number,
			    wrong ? wrong : strerror(-ret), ret);
	}
	if (!ret && ferror(stream))
		ret = say(error, name, 0, "cannot be read", -EIO);
	if (!ret && !file.nsteps)
		ret = say(error, name, 0, "no step in it", -EINVAL);
	free(line);
	if (ret)
		trace_file_free(&file);
	else
		*ret_file = file;
	return ret;
}

int trace_file_load(const char *path, char *error, struct trace_file *ret_file)
{
	FILE *stream = fopen(path, "re");
	int ret;

	if (!stream) {
		ret = -errno;
		return say(error, path, 0, strerror(-ret), ret);
	}
	ret = trace_file_read(stream, path, error, ret_file);
	fclose(stream);
	return ret;
}

void trace_file_free(struct trace_file *file)
{
	free(file->steps);
	*file = (struct trace_file){ 0 };
}
