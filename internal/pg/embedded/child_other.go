//go:build !linux

package embedded

import (
	"errors"
	"syscall"
)

// attr makes a process of this identity. There is no parent-death signal here: a server that outlives a killed parent
// is stopped by the next Start.
func (i identity) attr(_ syscall.Signal) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setpgid: true}
	if i.kind == bySwitch {
		attr.Credential = &syscall.Credential{Uid: uint32(i.uid), Gid: uint32(i.gid)}
	}
	return attr
}

func namespaced(programs) (identity, error) {
	return identity{}, errors.New("user namespaces are a matter of Linux")
}
