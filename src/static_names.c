/* For a program with a static GNU C library only.

   /etc/nsswitch.conf may name services beside files and dns, as CentOS 7's does (hosts: files dns myhostname). They are
   shared libraries of the system's own C library. A static program that loads one of another version is aborted, as soon
   as a name is neither in /etc/hosts nor in the DNS. What is named here is built into the static library (glibc 2.34 and
   later), and nothing is loaded. */

#include <nss.h>

__attribute__((constructor)) static void look_names_up_without_libraries(void)
{
    __nss_configure_lookup("hosts", "files dns");
    __nss_configure_lookup("passwd", "files");
    __nss_configure_lookup("group", "files");
    __nss_configure_lookup("services", "files");
    __nss_configure_lookup("protocols", "files");
}
