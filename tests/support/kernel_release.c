/* Runs a program, for which uname(2) answers with another release of the kernel: RELEASE PROGRAM ARGUMENT... */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

/* Where each thread wants the answer while it is in uname. */
static struct {
	pid_t thread;
	unsigned long at;
} waiting[4096];

static unsigned long *of(pid_t thread)
{
	size_t count = sizeof waiting / sizeof *waiting;
	size_t free = count;
	for (size_t i = 0; i < count; i++) {
		if (waiting[i].thread == thread)
			return &waiting[i].at;
		if (free == count && waiting[i].thread == 0)
			free = i;
	}
	if (free == count)
		return NULL;
	waiting[free].thread = thread;
	waiting[free].at = 0;
	return &waiting[free].at;
}

/* A thread begins the call. */
static void enters(pid_t thread)
{
	struct __ptrace_syscall_info info;
	memset(&info, 0, sizeof info);
	ptrace(PTRACE_GET_SYSCALL_INFO, thread, (void *)sizeof info, &info);
	unsigned long *at = of(thread);
	if (at)
		*at = info.seccomp.args[0];
}

/* The kernel has answered it. */
static void leaves(pid_t thread, const char *release)
{
	unsigned long *at = of(thread);
	if (!at || !*at)
		return;
	size_t length = strlen(release) + 1;
	struct iovec from = { (void *)release, length };
	struct iovec to = { (void *)(*at + offsetof(struct utsname, release)), length };
	process_vm_writev(thread, &from, 1, &to, 1, 0);
	*at = 0;
}

/* Only this call stops a thread: all of them would take a program many times as long. */
static int stop_at_uname(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_uname, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof code / sizeof *code, code };
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0)
		return 0;
	/* Those who are not root have to give something up for it. */
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

int main(int count, char **words)
{
	if (count < 3)
		return 2;
	pid_t child = fork();
	if (child == 0) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		if (stop_at_uname() != 0) {
			perror("seccomp");
			_exit(126);
		}
		execvp(words[2], words + 2);
		perror(words[2]);
		_exit(127);
	}
	int status, code = 1;
	waitpid(child, &status, 0);
	ptrace(PTRACE_SETOPTIONS, child, 0,
	       PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACESECCOMP | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL);
	ptrace(PTRACE_CONT, child, 0, 0);
	for (;;) {
		pid_t thread = waitpid(-1, &status, __WALL);
		if (thread < 0 && errno == EINTR)
			continue;
		if (thread < 0)
			return code;
		if (WIFEXITED(status) || WIFSIGNALED(status)) {
			if (thread == child)
				code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
			continue;
		}
		int signal = WSTOPSIG(status);
		int next = PTRACE_CONT;
		if (status >> 8 == (SIGTRAP | PTRACE_EVENT_SECCOMP << 8)) {
			enters(thread);
			signal = 0;
			next = PTRACE_SYSCALL;
		} else if (signal == (SIGTRAP | 0x80)) {
			leaves(thread, words[1]);
			signal = 0;
		} else if (status >> 16) {
			signal = 0;
		} else if (signal == SIGSTOP) {
			/* A new thread begins with it. */
			signal = 0;
		}
		ptrace(next, thread, 0, signal);
	}
}
