// SPDX-License-Identifier: GPL-2.0
/* The small files of one process. See proc.h; smaps stands in smaps.c. */
#include <string.h>

#include "proc.h"

#define PF_KTHREAD 0x00200000u	/* include/linux/sched.h */

static bool skip_words(struct probe_text *text, unsigned int count)
{
	struct probe_text word;

	while (count--)
		if (!probe_text_word(text, &word))
			return false;
	return true;
}

static bool take_i32(struct probe_text *text, int32_t *ret_value)
{
	int64_t value;

	if (!probe_text_i64(text, &value) || value < INT32_MIN ||
	    value > INT32_MAX)
		return false;
	*ret_value = (int32_t)value;
	return true;
}

/* "PID (comm": false when there is no parenthesis. */
static bool parse_pid_comm(const struct probe_text *head,
			   struct probe_stat *stat)
{
	const char *open = memchr(head->at, '(', probe_text_len(head));
	struct probe_text number;
	size_t len;

	if (!open)
		return false;
	number = (struct probe_text){ head->at, open };
	if (!take_i32(&number, &stat->pid))
		return false;
	len = (size_t)(head->end - open) - 1;
	if (len >= sizeof(stat->comm))
		len = sizeof(stat->comm) - 1;
	memcpy(stat->comm, open + 1, len);
	stat->comm[len] = '\0';
	return true;
}

/* The fields behind comm, numbered as in proc(5). */
static bool parse_tail(struct probe_text tail, struct probe_stat *stat)
{
	struct probe_text state;
	uint64_t flags, user, system;

	if (!probe_text_word(&tail, &state))			/* 3 */
		return false;
	stat->state = *state.at;
	if (!take_i32(&tail, &stat->ppid) ||			/* 4 */
	    !skip_words(&tail, 4) ||
	    !probe_text_u64(&tail, &flags) ||			/* 9 */
	    !skip_words(&tail, 4) ||
	    !probe_text_u64(&tail, &user) ||			/* 14 */
	    !probe_text_u64(&tail, &system) ||			/* 15 */
	    !skip_words(&tail, 6) ||
	    !probe_text_u64(&tail, &stat->start_ticks) ||	/* 22 */
	    !skip_words(&tail, 1) ||
	    !probe_text_u64(&tail, &stat->rss_pages))		/* 24 */
		return false;
	stat->kthread = flags & PF_KTHREAD;
	stat->cpu_ticks = user + system;
	/* A cut-off file could end within field 24. */
	return skip_words(&tail, 1);
}

bool probe_stat_parse(struct probe_text text, struct probe_stat *ret_stat)
{
	struct probe_stat stat = { 0 };
	struct probe_text head = text;
	const char *close;

	close = memrchr(text.at, ')', probe_text_len(&text));
	if (!close)
		return false;
	head.end = close;
	if (!parse_pid_comm(&head, &stat))
		return false;
	text.at = close + 1;
	if (!parse_tail(text, &stat))
		return false;
	*ret_stat = stat;
	return true;
}

bool probe_statm_parse(struct probe_text text, struct probe_statm *ret_statm)
{
	struct probe_statm statm;
	uint64_t size_pages, text_pages;

	if (!probe_text_u64(&text, &size_pages) ||
	    !probe_text_u64(&text, &statm.rss_pages) ||
	    !probe_text_u64(&text, &statm.shared_pages) ||
	    !probe_text_u64(&text, &text_pages))
		return false;
	*ret_statm = statm;
	return true;
}

static bool find_u64(const struct probe_text *text, const char *key,
		     uint64_t *ret_value)
{
	struct probe_text rest;

	return probe_text_find(text, key, &rest) &&
	       probe_text_only_u64(rest, ret_value);
}

static bool find_yes(const struct probe_text *text, const char *key,
		     bool *ret_found)
{
	struct probe_text rest, word;

	if (!probe_text_find(text, key, &rest) ||
	    !probe_text_word(&rest, &word))
		return false;
	*ret_found = true;
	return probe_text_is(&word, "yes");
}

bool probe_ksm_stat_parse(struct probe_text text,
			  struct probe_ksm_stat *ret_ksm_stat)
{
	struct probe_ksm_stat stat = { 0 };
	struct probe_text rest;
	bool any;

	if (!find_u64(&text, "ksm_rmap_items", &stat.rmap_items))
		return false;
	stat.has_merging = find_u64(&text, "ksm_merging_pages",
				    &stat.merging_pages);
	/* A racing decrement can show it as negative for a moment: zero. */
	find_u64(&text, "ksm_zero_pages", &stat.zero_pages);
	if (probe_text_find(&text, "ksm_process_profit", &rest))
		probe_text_only_i64(rest, &stat.profit_bytes);
	any = find_yes(&text, "ksm_merge_any", &stat.has_mergeable);
	stat.mergeable = find_yes(&text, "ksm_mergeable",
				  &stat.has_mergeable) || any;
	*ret_ksm_stat = stat;
	return true;
}

bool probe_status_hugetlb(struct probe_text text, uint64_t *ret_kib)
{
	struct probe_text rest;

	return probe_text_find(&text, "HugetlbPages", &rest) &&
	       probe_text_u64(&rest, ret_kib);
}

bool probe_status_tgid(struct probe_text text, int32_t *ret_tgid)
{
	struct probe_text rest;
	int32_t tgid;

	if (!probe_text_find(&text, "Tgid", &rest) ||
	    !take_i32(&rest, &tgid) || tgid <= 0)
		return false;
	*ret_tgid = tgid;
	return true;
}
