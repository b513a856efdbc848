/* A disk that refuses or hangs: write(2) and its kin fail for files whose path begins with $REFUSED_FOLDER, with the number
 * that is in the file $REFUSED_SWITCH, for as long as there is such a file; if that says "hang", they wait until it says
 * something else or is gone. Loaded before the system's library (LD_PRELOAD). */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

static int is_there(int fd, const char *folder)
{
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    return readlink(link, path, sizeof path) >= (ssize_t)strlen(folder) && !strncmp(path, folder, strlen(folder));
}

static int refused(int fd)
{
    const char *folder = getenv("REFUSED_FOLDER"), *there = getenv("REFUSED_SWITCH");
    char said[16] = "";
    int before = errno, file;
    if (!folder || !there || !is_there(fd, folder))
        return 0;
    while ((file = open(there, O_RDONLY | O_CLOEXEC)) >= 0) {
        memset(said, 0, sizeof said);
        if (read(file, said, sizeof said - 1) < 0)
            said[0] = 0;
        close(file);
        if (strcmp(said, "hang"))
            break;
        usleep(10000);
    }
    errno = before;
    return file < 0 ? 0 : atoi(said);
}

#define WRAPPED(type, name, parameters, arguments)                        \
    type name parameters                                                  \
    {                                                                     \
        static type(*next) parameters;                                    \
        int error = refused(fd);                                          \
        if (error) {                                                      \
            errno = error;                                                \
            return -1;                                                    \
        }                                                                 \
        if (!next)                                                        \
            next = (type(*) parameters)dlsym(RTLD_NEXT, #name);           \
        return next arguments;                                            \
    }

WRAPPED(ssize_t, write, (int fd, const void *bytes, size_t length), (fd, bytes, length))
WRAPPED(ssize_t, pwrite, (int fd, const void *bytes, size_t length, off_t at), (fd, bytes, length, at))
WRAPPED(ssize_t, pwrite64, (int fd, const void *bytes, size_t length, off64_t at), (fd, bytes, length, at))
WRAPPED(ssize_t, writev, (int fd, const struct iovec *parts, int count), (fd, parts, count))
WRAPPED(int, fsync, (int fd), (fd))
WRAPPED(int, fdatasync, (int fd), (fd))
