package embedded

import (
	"fmt"
	"os/exec"
	"syscall"
)

// attr makes a process of this identity that gets the signal when its parent dies, and that a terminal's Ctrl-C does
// not reach: stopping is the parent's to decide. Neither entering the namespace nor setuid clears the death signal,
// since both come before it and the programs are not setuid themselves.
func (i identity) attr(death syscall.Signal) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setpgid: true, Pdeathsig: death}
	switch i.kind {
	case byNamespace:
		attr.Cloneflags = syscall.CLONE_NEWUSER
		attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: i.uid, HostID: 0, Size: 1}}
		attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: i.gid, HostID: 0, Size: 1}}
	case bySwitch:
		attr.Credential = &syscall.Credential{Uid: uint32(i.uid), Gid: uint32(i.gid)}
	case asOurselves:
	}
	return attr
}

// namespaced is the identity of the servant in a user namespace, tried out with a harmless call.
func namespaced(p programs) (identity, error) {
	uid, gid, err := servant()
	if err != nil {
		return identity{}, err
	}
	i := identity{kind: byNamespace, uid: uid, gid: gid}
	cmd := exec.Command(p.postgres(), "--version") //nolint:noctx // it only prints a line
	cmd.SysProcAttr = i.attr(syscall.SIGKILL)
	if err := cmd.Run(); err != nil {
		return identity{}, fmt.Errorf("user namespaces are unavailable: %w", err)
	}
	return i, nil
}
