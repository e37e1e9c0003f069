//! A `forward` makes its type a layer, which the fields of other models can be.

use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote};
use syn::visit::{self, Visit};
use syn::visit_mut::{self, VisitMut};
use syn::{
    FnArg, GenericParam, Generics, Ident, ImplItemFn, ItemImpl, Lifetime, LifetimeParam, Path, ReturnType, Type,
    TypeReference, parse_quote,
};

/// The name that stands for a model in scopes.
pub(super) fn type_name(item: &ItemImpl) -> Option<String> {
    let Type::Path(path) = &*item.self_ty else { return None };
    Some(path.path.segments.last()?.ident.to_string())
}

/// The impls of `Apply` for an inherent `forward` whose types can be written down; otherwise nothing, and the layer is called
/// by `.forward(x)`.
pub(super) fn apply(item: &ItemImpl, method: &ImplItemFn) -> Option<TokenStream> {
    let sig = &method.sig;
    let receiver = sig.receiver()?;
    if item.trait_.is_some() || sig.asyncness.is_some() || sig.unsafety.is_some() || receiver.reference.is_none() {
        return None;
    }
    let mut generics = sig.generics.clone();
    let mut types: Vec<Type> = Vec::new();
    for input in sig.inputs.iter().skip(1) {
        let FnArg::Typed(input) = input else { return None };
        types.push((*input.ty).clone());
    }
    let output: Type = match &sig.output {
        ReturnType::Type(_, ty) => (**ty).clone(),
        ReturnType::Default => return None,
    };
    if types.is_empty() || !plain(&output, false) || !types.iter().all(|ty| plain(ty, true)) {
        return None;
    }
    let mut name = NameLifetimes { generics: &mut generics, count: 0 };
    types.iter_mut().for_each(|ty| name.visit_type_mut(ty));
    if !determined(&sig.generics, &types) {
        return None;
    }
    let values: Vec<Ident> = (0..types.len()).map(|at| format_ident!("x{}", at)).collect();
    let all = joined(&item.generics, &generics);
    let exclusive = receiver.mutability.is_some();
    let cfgs: Vec<_> = method.attrs.iter().filter(|attr| crate::attr::is_cfg(attr)).collect();
    let (this, layer, call) = if exclusive {
        (quote!(&mut self), quote!(ApplyMut), quote!(apply_mut))
    } else {
        (quote!(&self), quote!(Apply), quote!(apply))
    };
    let owner = &item.self_ty;
    let (impl_generics, _, clause) = all.split_for_impl();
    let one = |types: &[Type], given: TokenStream| {
        quote! {
            #(#cfgs)*
            #[automatically_derived]
            impl #impl_generics ::mpc::nn::#layer<(#(#types,)*), #output> for #owner #clause {
                #[track_caller]
                fn #call(#this, (#(#values,)*): (#(#types,)*)) -> #output {
                    Self::forward(self, #given)
                }
            }
        }
    };
    let exact = one(&types, quote!(#(#values),*));
    // With or without `&` is all the same to a user.
    let owned = match &types[..] {
        [Type::Reference(TypeReference { mutability: None, elem, .. })] if is_sized(elem, &all) => {
            let all = joined(&item.generics, &sig.generics);
            let (impl_generics, _, clause) = all.split_for_impl();
            let ty = elem;
            quote! {
                #(#cfgs)*
                #[automatically_derived]
                impl #impl_generics ::mpc::nn::#layer<(#ty,), #output> for #owner #clause {
                    #[track_caller]
                    fn #call(#this, (x0,): (#ty,)) -> #output {
                        Self::forward(self, &x0)
                    }
                }
            }
        }
        _ => TokenStream::new(),
    };
    Some(quote!(#exact #owned))
}

/// Whether a type can be passed by value, as far as its name tells.
fn is_sized(ty: &Type, generics: &Generics) -> bool {
    let Type::Path(path) = ty else { return false };
    let Some(last) = path.path.segments.last() else { return false };
    let unsized_name = ["str", "Path", "OsStr", "CStr"].iter().any(|name| last.ident == name);
    !unsized_name && !generics.type_params().any(|param| path.path.is_ident(&param.ident))
}

/// Whether a type can stand in the head of an impl: no `impl Trait`, and in the output no lifetime that is left out.
fn plain(ty: &Type, input: bool) -> bool {
    struct Look {
        input: bool,
        plain: bool,
    }
    impl Visit<'_> for Look {
        fn visit_type_impl_trait(&mut self, _: &syn::TypeImplTrait) {
            self.plain = false;
        }
        fn visit_type_reference(&mut self, reference: &TypeReference) {
            self.plain &= self.input || reference.lifetime.is_some();
            visit::visit_type_reference(self, reference);
        }
        fn visit_lifetime(&mut self, lifetime: &Lifetime) {
            self.plain &= self.input || lifetime.ident != "_";
        }
        fn visit_type_bare_fn(&mut self, _: &syn::TypeBareFn) {}
        fn visit_type_trait_object(&mut self, _: &syn::TypeTraitObject) {
            self.plain = false;
        }
    }
    let mut look = Look { input, plain: true };
    look.visit_type(ty);
    look.plain
}

/// Gives names to lifetimes that are left out.
struct NameLifetimes<'a> {
    generics: &'a mut Generics,
    count: usize,
}

impl NameLifetimes<'_> {
    fn fresh(&mut self) -> Lifetime {
        let name = Lifetime::new(&format!("'__{}", self.count), proc_macro2::Span::call_site());
        self.count += 1;
        self.generics.params.insert(0, GenericParam::Lifetime(LifetimeParam::new(name.clone())));
        name
    }
}

impl VisitMut for NameLifetimes<'_> {
    fn visit_type_reference_mut(&mut self, reference: &mut TypeReference) {
        if reference.lifetime.is_none() {
            reference.lifetime = Some(self.fresh());
        }
        visit_mut::visit_type_reference_mut(self, reference);
    }

    fn visit_lifetime_mut(&mut self, lifetime: &mut Lifetime) {
        if lifetime.ident == "_" {
            *lifetime = self.fresh();
        }
    }

    fn visit_type_bare_fn_mut(&mut self, _: &mut syn::TypeBareFn) {}
}

/// Whether the arguments tell every generic parameter of the method.
fn determined(generics: &Generics, types: &[Type]) -> bool {
    struct Names(Vec<Ident>);
    impl Visit<'_> for Names {
        fn visit_path(&mut self, path: &Path) {
            self.0.extend(path.get_ident().cloned());
            visit::visit_path(self, path);
        }
    }
    let mut names = Names(Vec::new());
    types.iter().for_each(|ty| names.visit_type(ty));
    let named = |name: &Ident| names.0.contains(name);
    generics.type_params().all(|param| named(&param.ident)) && generics.const_params().all(|param| named(&param.ident))
}

/// The parameters of the impl and those of the method.
fn joined(outer: &Generics, inner: &Generics) -> Generics {
    let mut all = outer.clone();
    let (lifetimes, others): (Vec<_>, Vec<_>) =
        outer.params.iter().chain(&inner.params).cloned().partition(|param| matches!(param, GenericParam::Lifetime(_)));
    all.params = lifetimes.into_iter().chain(others).collect();
    if !all.params.is_empty() {
        all.lt_token.get_or_insert_with(Default::default);
        all.gt_token.get_or_insert_with(Default::default);
    }
    if let Some(clause) = &inner.where_clause {
        all.make_where_clause().predicates.extend(clause.predicates.iter().cloned());
    }
    all
}

/// The start of a `forward`: its steps are named after the model.
pub(super) fn entered(name: &str) -> syn::Stmt {
    let scope = Ident::new("_scope", proc_macro2::Span::mixed_site());
    let name = name.to_token_stream();
    parse_quote!(let #scope = ::mpc::lang::model(#name);)
}
