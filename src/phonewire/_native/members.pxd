# Attributes that the interpreter reads in place.
#
# Each read of a `cdef readonly` attribute or a property is a call into C and a new object, 20 ns and more. The interpreter
# reads an object's member, which is what __slots__ make, without a call in 3 ns. Cython makes no members; this adds one
# to a type before anybody has seen it. The struct must live as long as the type.
from cpython.ref cimport PyObject


cdef extern from "structmember.h":
    ctypedef struct PyMemberDef:
        const char* name
        int type
        Py_ssize_t offset
        int flags

    const int T_OBJECT_EX, READONLY


cdef extern from "Python.h":
    ctypedef struct PyTypeObject:
        PyObject* tp_dict

    object PyDescr_NewMember(PyTypeObject* cls, PyMemberDef* member)
    void PyType_Modified(PyTypeObject* cls)


cdef inline int put(object cls, str name, object value) except -1:
    # Behind the type's back: its slots stay, so what C calls is not what Python finds.
    (<dict>(<PyTypeObject*>cls).tp_dict)[name] = value
    PyType_Modified(<PyTypeObject*>cls)
    return 0


cdef inline int add_member(object cls, PyMemberDef* member, const char* name, Py_ssize_t offset) except -1:
    member.name, member.offset = name, offset
    member.type, member.flags = T_OBJECT_EX, READONLY
    return put(cls, name.decode(), PyDescr_NewMember(<PyTypeObject*>cls, member))
