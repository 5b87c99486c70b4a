// clients/python/collections/module.cpp: coppice._collections, the base types of Vector, Map, Set and Text.
#include <nanobind/nanobind.h>

namespace coppice::python {

void add_vector(nanobind::module_& module);
void add_map(nanobind::module_& module);
void add_set(nanobind::module_& module);
void add_text(nanobind::module_& module);

}  // namespace coppice::python

NB_MODULE(_collections, m) {
    coppice::python::add_vector(m);
    coppice::python::add_map(m);
    coppice::python::add_set(m);
    coppice::python::add_text(m);
}
