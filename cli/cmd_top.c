// SPDX-License-Identifier: GPL-2.0
/*
 * densityctl top: the present, live.
 *
 * On a terminal, keys as top(1) has them; in batch mode, or when the output is
 * no terminal, one frame after the other, as text or as JSON (one object per
 * line). A daemon that goes away is waited for on a terminal and ends a batch.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli.h"
#include "top_view.h"
#include "tty.h"
#include "when.h"

#define DELAY_MIN_S 0.1
#define DELAY_MAX_S 3600
#define ANSWER_LEN 16

static struct {
	bool batch;
	uint32_t count;
	const char *delay;
	const char *sort;
	bool reverse;
} args = { .delay = "2", .sort = "saved" };

static const struct opt opts[] = {
	{ "batch", 'b', OPT_FLAG, &args.batch, NULL,
	  "frame after frame, without keys" },
	{ "count", 'n', OPT_UINT, &args.count, "COUNT",
	  "end after so many frames" },
	{ "delay", 'd', OPT_TEXT, &args.delay, "SECONDS",
	  "between two frames; default 2" },
	{ "sort", 's', OPT_TEXT, &args.sort, "ORDER",
	  "saved (default), rss, profit, name or pid" },
	{ "reverse", 'r', OPT_FLAG, &args.reverse, NULL, "the other way round" },
	{ 0 },
};

struct top {
	struct cli *cli;
	struct top_view view;
	json_t *status, *vms;
	bool asking;		/* for the delay */
	char answer[ANSWER_LEN + 1];
	char message[128];
	bool stop;
	uint32_t frames;
};

static int parse_delay(const char *text, uint32_t *ret_ms)
{
	char *end;
	double s;

	errno = 0;
	s = strtod(text, &end);
	if (errno || end == text || *end ||
	    !(s >= DELAY_MIN_S && s <= DELAY_MAX_S))
		return -EINVAL;
	*ret_ms = (uint32_t)(s * 1000);
	return 0;
}

/* What the daemon says now; the old answers are gone in any case. */
static int ask(struct top *top, bool quiet)
{
	int code;

	json_decref(top->status);
	json_decref(top->vms);
	top->status = NULL;
	top->vms = NULL;
	code = cli_call(top->cli, "GetStatus", NULL, quiet, &top->status);
	if (code == CLI_OK)
		code = cli_call(top->cli, "GetVms", NULL, quiet, &top->vms);
	top->view.now_ms = when_now_ms();
	return code;
}

static int put_json(struct top *top)
{
	json_t *frame = json_pack("{s:O, s:O}", "status", top->status, "vms",
				  json_object_get(top->vms, "vms"));
	int err = frame ? out_dump_json(stdout, frame, true) : -EPROTO;

	json_decref(frame);
	return err;
}

static int put_text(struct top *top)
{
	size_t len;
	char *frame = top_frame(&top->view, top->status, top->vms, &len);
	int err = 0;

	if (!frame)
		return -ENOMEM;
	if (top->frames)
		putc('\n', stdout);
	if (fwrite(frame, 1, len, stdout) != len || fflush(stdout))
		err = -EPIPE;
	free(frame);
	return err;
}

static int run_batch(struct top *top)
{
	const struct timespec delay = {
		.tv_sec = top->view.delay_ms / 1000,
		.tv_nsec = (long)(top->view.delay_ms % 1000) * 1000000,
	};

	while (true) {
		int code = ask(top, false);

		if (code == CLI_OK)
			code = cli_done(top->cli->json ? put_json(top) :
							 put_text(top),
					"output");
		if (code != CLI_OK)
			return code;
		if (++top->frames == args.count)
			return CLI_OK;
		nanosleep(&delay, NULL);
	}
}

static void on_answer(struct top *top, int key)
{
	size_t len = strlen(top->answer);

	if (key == '\n' || key == '\r') {
		top->asking = false;
		if (len && parse_delay(top->answer, &top->view.delay_ms))
			snprintf(top->message, sizeof(top->message),
				 "'%s' is not a number of seconds from %.1f "
				 "to %d", top->answer, DELAY_MIN_S,
				 DELAY_MAX_S);
	} else if (key == '\033') {
		top->asking = false;
	} else if ((key == 0x7f || key == '\b') && len) {
		top->answer[len - 1] = '\0';
	} else if (len < ANSWER_LEN && key > ' ' && key < 0x7f) {
		top->answer[len] = (char)key;
		top->answer[len + 1] = '\0';
	}
}

static void on_key(struct top *top, int key)
{
	struct top_view *view = &top->view;

	top->message[0] = '\0';
	if (top->asking) {
		on_answer(top, key);
		return;
	}
	if (view->help && key != 'q') {
		view->help = false;
		return;
	}
	switch (key) {
	case 'q':
		top->stop = true;
		break;
	case 's':
		view->order = (view->order + 1) % VMS_ORDERS;
		break;
	case 'M':
		view->order = VMS_BY_RSS;
		break;
	case 'P':
		view->order = VMS_BY_PROFIT;
		break;
	case 'N':
		view->order = VMS_BY_NAME;
		break;
	case 'r':
		view->reverse = !view->reverse;
		break;
	case 'd':
		top->asking = true;
		top->answer[0] = '\0';
		break;
	case '?':
	case 'h':
		view->help = true;
		break;
	}
}

static int draw(struct top *top)
{
	char question[64];
	char *frame;
	size_t len;
	int err;

	tty_size(&top->view.cols, &top->view.rows);
	snprintf(question, sizeof(question), "seconds between two frames: %s_",
		 top->answer);
	top->view.message = top->asking ? question :
			    *top->message ? top->message :
			    !top->status ? "densityd does not answer; waiting "
					   "for it (q quits)" : NULL;
	frame = top_frame(&top->view, top->status, top->vms, &len);
	if (!frame)
		return -ENOMEM;
	err = tty_write(frame, len);
	free(frame);
	return err;
}

/* Until the next frame is due, or refreshing is asked for. */
static int attend(struct top *top)
{
	int64_t due_ms = when_now_ms() + top->view.delay_ms;

	while (!top->stop) {
		int64_t left_ms = due_ms - when_now_ms();
		int key = 0, err;

		if (left_ms <= 0)
			return 0;
		/* The clock may have stepped back meanwhile. */
		if (left_ms > top->view.delay_ms)
			left_ms = top->view.delay_ms;
		switch (tty_wait((uint32_t)left_ms, &key)) {
		case TTY_TIMEOUT:
			return 0;
		case TTY_END:
			top->stop = true;
			return 0;
		case TTY_KEY:
			on_key(top, key);
			if (key == ' ' && !top->asking)
				return 0;
			break;
		case TTY_REDRAW:
			break;
		}
		err = draw(top);
		if (err)
			return err;
	}
	return 0;
}

static int run_live(struct top *top)
{
	int code = ask(top, false);
	int err;

	/* Told before the screen is taken, where it would be lost. */
	if (code != CLI_OK)
		return code;
	err = tty_open();
	if (err)
		return cli_done(err, "terminal");
	while (!top->stop && !err) {
		err = draw(top);
		if (!err && ++top->frames == args.count)
			break;
		if (!err)
			err = attend(top);
		if (!err && !top->stop)
			ask(top, true);
	}
	tty_close();
	/* A terminal that has gone is a way to end, too. */
	return err == -EIO ? CLI_OK : cli_done(err, "terminal");
}

static int run(struct cli *cli, int argc, char **argv)
{
	struct top top = { .cli = cli };
	int code;

	(void)argc;
	(void)argv;
	top.view.color = cli->out.color;
	top.view.reverse = args.reverse;
	if (vms_order_find(args.sort, &top.view.order)) {
		cli_error("top: --sort: '%s' is not saved, rss, profit, name "
			  "or pid", args.sort);
		return CLI_USAGE;
	}
	if (parse_delay(args.delay, &top.view.delay_ms)) {
		cli_error("top: --delay: '%s' is not a number of seconds from "
			  "%.1f to %d", args.delay, DELAY_MIN_S, DELAY_MAX_S);
		return CLI_USAGE;
	}
	if (cli->out.ops == &out_csv) {
		cli_error("top: --format is text or json; `densityctl vms` "
			  "knows csv");
		return CLI_USAGE;
	}
	if (args.batch || cli->json || !cli->tty)
		code = run_batch(&top);
	else
		code = run_live(&top);
	json_decref(top.status);
	json_decref(top.vms);
	return code;
}

const struct command cmd_top = {
	.name = "top",
	.args = "",
	.summary = "the present, live, with top's keys",
	.details = "Keys: q quit, space refresh, s next sort column, M memory, "
		   "P profit, N name,\nr reverse, d delay, ? help.",
	.opts = opts,
	.run = run,
};
